;; An HTTP filter: adds a header to requests and to answers, refuses /deny, counts and logs.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "x-guest")
  (data (i32.const 16) "kind=test, risk=85, tags=(a b)")
  (data (i32.const 64) ":path")
  (data (i32.const 80) "/deny")
  (data (i32.const 96) "denied_by_guest")
  (data (i32.const 112) "no entry\n")
  (data (i32.const 128) "requests_total")
  (data (i32.const 144) "saw a request")
  (data (i32.const 160) "x-answered")
  (data (i32.const 176) "yes")
  ;; 1024: where the host writes numbers. From 4096 on: what the host allocates.
  (global $free (mut i32) (i32.const 4096))

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (i32.add (global.get $free) (local.get $size)) (i32.const 65536))
      (then (global.set $free (i32.const 4096))))
    (local.set $at (global.get $free))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (drop (call $define (i32.const 0) (i32.const 128) (i32.const 14) (i32.const 1032)))
    (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))

  (func $is_denied (result i32)
    (drop (call $get_header
      (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 1024) (i32.const 1028)))
    ;; Five bytes that are /deny.
    (if (i32.ne (i32.load (i32.const 1028)) (i32.const 5)) (then (return (i32.const 0))))
    (i32.and
      (i32.eq (i32.load (i32.load (i32.const 1024))) (i32.load (i32.const 80)))
      (i32.eq (i32.load8_u offset=4 (i32.load (i32.const 1024))) (i32.load8_u (i32.const 84)))))

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $increment (i32.load (i32.const 1032)) (i64.const 1)))
    (drop (call $log (i32.const 2) (i32.const 144) (i32.const 13)))
    (if (call $is_denied)
      (then
        (drop (call $reply
          (i32.const 403) (i32.const 96) (i32.const 15) (i32.const 112) (i32.const 9)
          (i32.const 0) (i32.const 0) (i32.const -1)))
        (return (i32.const 1))))
    (drop (call $add_header
      (i32.const 0) (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 30)))
    (i32.const 0))

  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $add_header
      (i32.const 2) (i32.const 160) (i32.const 10) (i32.const 176) (i32.const 3)))
    (i32.const 0)))
