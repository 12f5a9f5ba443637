;; An HTTP filter: asks the cluster `upstream` about each request, and adds the status of the answer.
(module
  (import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $go_to (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "upstream")
  (data (i32.const 16) ":status")
  (data (i32.const 32) "x-call")
  ;; Three headers: how many, lengths of names and values, then the texts, each with a zero.
  (data (i32.const 64) "\03\00\00\00"
    "\07\00\00\00\03\00\00\00" "\05\00\00\00\06\00\00\00" "\0a\00\00\00\04\00\00\00"
    ":method\00GET\00" ":path\00/check\00" ":authority\00auth\00")
  (data (i32.const 192) "is it allowed?")
  ;; 1024: where the host writes numbers. From 4096 on: what the host allocates.
  (global $free (mut i32) (i32.const 4096))
  (global $waiting (mut i32) (i32.const 0))

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (i32.add (global.get $free) (local.get $size)) (i32.const 65536))
      (then (global.set $free (i32.const 4096))))
    (local.set $at (global.get $free))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))

  (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
    (global.set $waiting (local.get $context))
    (if (call $call
          (i32.const 0) (i32.const 8) (i32.const 64) (i32.const 69) (i32.const 192) (i32.const 14)
          (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 1024))
      (then unreachable))
    ;; The request waits.
    (i32.const 1))

  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $get_header
      (i32.const 6) (i32.const 16) (i32.const 7) (i32.const 1028) (i32.const 1032)))
    (drop (call $go_to (global.get $waiting)))
    (drop (call $add_header
      (i32.const 0) (i32.const 32) (i32.const 6)
      (i32.load (i32.const 1028)) (i32.load (i32.const 1032))))
    (drop (call $continue (i32.const 0)))))
