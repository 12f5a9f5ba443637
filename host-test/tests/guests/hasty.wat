;; An HTTP filter: tags a request unless shared data says that there is no entry. Any other failure
;; it takes for an entry.
(module
  (import "env" "proxy_get_shared_data" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $add (param i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "flaggedx-tagyes")
  ;; 32: where the host writes numbers. 64: what the host allocates.

  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 64))

  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.ne (i32.const 1) (call $get
          (i32.const 0) (i32.const 7) (i32.const 32) (i32.const 36) (i32.const 40)))
      (then (drop (call $add
        (i32.const 0) (i32.const 7) (i32.const 5) (i32.const 12) (i32.const 3)))))
    (i32.const 0)))
