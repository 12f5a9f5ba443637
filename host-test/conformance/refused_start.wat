;; proxy_on_vm_start answers false.
(func (export "proxy_on_vm_start") (param i32 i32) (result i32)
  (call $called2 (str "on_vm_start") (local.get 0) (local.get 1))
  (i32.const 0))
(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (call $called2 (str "on_configure") (local.get 0) (local.get 1))
  (i32.const 1))
