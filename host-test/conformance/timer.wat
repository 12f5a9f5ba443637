;; proxy_set_tick_period_milliseconds: ticks go on until the period is 0.
(global $ticks (mut i32) (i32.const 0))

(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (call $status (str "in on_configure") (call $proxy_set_tick_period_milliseconds (i32.const 1)))
  (i32.const 1))

(func (export "proxy_on_tick") (param i32)
  (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
  (call $called1 (str "on_tick") (local.get 0))
  (if (i32.eq (global.get $ticks) (i32.const 3))
    (then
      (call $status (str "a new period") (call $proxy_set_tick_period_milliseconds (i32.const 2)))))
  (if (i32.eq (global.get $ticks) (i32.const 5))
    (then
      (call $status (str "stop") (call $proxy_set_tick_period_milliseconds (i32.const 0)))
      (call $status (str "stop again") (call $proxy_set_tick_period_milliseconds (i32.const 0)))))
  (if (i32.ge_u (global.get $ticks) (i32.const 6))
    (then (call $yes (str "no tick after the stop") (i32.const 0)))))
