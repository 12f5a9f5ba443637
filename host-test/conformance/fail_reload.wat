;; FAIL_RELOAD: a trap ends its connection; after a second at most (a random time) there is a new
;; VM, whose first connection has number 2 again.
(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
  (call $called3 (str "on_downstream_data") (local.get 0) (local.get 1) (local.get 2))
  (unreachable))
(func (export "proxy_on_new_connection") (param i32) (result i32)
  (call $called1 (str "on_new_connection") (local.get 0))
  (i32.const 0))
(func (export "proxy_on_downstream_connection_close") (param i32 i32)
  (call $called2 (str "on_downstream_connection_close") (local.get 0) (local.get 1)))
(func (export "proxy_on_done") (param i32) (result i32)
  (call $called1 (str "on_done") (local.get 0))
  (i32.const 1))
