;; An HTTP filter that keeps the headers of each request, and says which parts of its body come.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $in (param i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $period (param i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "kept the headers")
  (data (i32.const 16) "saw a body")
  (data (i32.const 32) "let it go")
  ;; The stream that waits.
  (global $kept (mut i32) (i32.const 0))

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))

  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $period (i32.const 200)))
    (i32.const 1))

  (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
    (global.set $kept (local.get $stream))
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 16)))
    (i32.const 1))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (global.set $kept (i32.const 0))
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 10)))
    (i32.const 0))

  (func (export "proxy_on_tick") (param i32)
    (if (i32.eqz (global.get $kept)) (then (return)))
    (drop (call $in (global.get $kept)))
    (global.set $kept (i32.const 0))
    (drop (call $log (i32.const 2) (i32.const 32) (i32.const 9)))
    (drop (call $continue (i32.const 0)))))
