;; A neighbour of the plugins under test: it reads and writes their shared data when it is asked to.
;;
;; A request's body says what: `s` or `g`, four bytes of the key's length, the key, the value. The
;; answer is 200, with the value that was read; 404 where there is none, 500 if it went wrong.
(module
  (import "env" "proxy_get_buffer_bytes"
    (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 64)
  (global $free (mut i32) (i32.const 1024))

  (func (export "proxy_abi_version_0_2_1"))
  ;; Memory is given out from the beginning for each request.
  (func $allocate (export "proxy_on_memory_allocate") (param $length i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get $length)))
    (local.get $at))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  ;; The body is waited for.
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))

  (func (export "proxy_on_request_body") (param $context i32) (param $length i32) (param $end i32)
    (result i32)
    (local $body i32) (local $key i32) (local $key_length i32) (local $status i32)
    (if (i32.eqz (local.get $end)) (then (return (i32.const 1))))
    (global.set $free (i32.const 1024))
    (drop (call $get_buffer
      (i32.const 0) (i32.const 0) (local.get $length) (i32.const 0) (i32.const 4)))
    (local.set $body (i32.load (i32.const 0)))
    (local.set $key_length (i32.load align=1 (i32.add (local.get $body) (i32.const 1))))
    (local.set $key (i32.add (local.get $body) (i32.const 5)))
    ;; No value yet.
    (i32.store (i32.const 8) (i32.const 0))
    (i32.store (i32.const 12) (i32.const 0))
    (local.set $status
      (if (result i32) (i32.eq (i32.load8_u (local.get $body)) (i32.const 115))
        (then (call $set
          (local.get $key) (local.get $key_length)
          (i32.add (local.get $key) (local.get $key_length))
          (i32.sub (local.get $length) (i32.add (local.get $key_length) (i32.const 5)))
          (i32.const 0)))
        (else (call $get
          (local.get $key) (local.get $key_length)
          (i32.const 8) (i32.const 12) (i32.const 16)))))
    (drop (call $answer
      (if (result i32) (i32.eqz (local.get $status))
        (then (i32.const 200))
        (else (if (result i32) (i32.eq (local.get $status) (i32.const 1))
          (then (i32.const 404)) (else (i32.const 500)))))
      (i32.const 0) (i32.const 0)
      (i32.load (i32.const 8)) (i32.load (i32.const 12))
      (i32.const 0) (i32.const 0) (i32.const -1)))
    (i32.const 1))
)
