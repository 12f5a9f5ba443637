;; proxy_on_configure traps.
(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (call $called2 (str "on_configure") (local.get 0) (local.get 1))
  (unreachable))
