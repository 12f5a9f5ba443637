;; A connection that is stopped when it comes: what happens to its data, until a tick lets it go on.
(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (drop (call $proxy_set_tick_period_milliseconds (i32.const 20)))
  (i32.const 1))

(global $waits (mut i32) (i32.const 0))
(func (export "proxy_on_tick") (param i32)
  (if (i32.eqz (global.get $waits)) (then (return)))
  (global.set $waits (i32.sub (global.get $waits) (i32.const 1)))
  (if (i32.eqz (global.get $waits))
    (then
      (call $status (str "connection") (call $proxy_set_effective_context (i32.const 2)))
      (call $status (str "go on") (call $proxy_continue_stream (i32.const 2))))))

(func (export "proxy_on_new_connection") (param i32) (result i32)
  (call $called1 (str "on_new_connection") (local.get 0))
  (global.set $waits (i32.const 3))
  (i32.const 1))
(func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
  (call $called3 (str "on_downstream_data") (local.get 0) (local.get 1) (local.get 2))
  (i32.const 0))
(func (export "proxy_on_upstream_data") (param i32 i32 i32) (result i32)
  (call $called3 (str "on_upstream_data") (local.get 0) (local.get 1) (local.get 2))
  (i32.const 0))
