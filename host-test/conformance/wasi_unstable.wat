;; WASI by its older module name: the same functions.
(import "wasi_unstable" "fd_write" (func $old_write (param i32 i32 i32 i32) (result i32)))
(import "wasi_unstable" "clock_time_get" (func $old_time (param i32 i64 i32) (result i32)))
(import "wasi_unstable" "random_get" (func $old_random (param i32 i32) (result i32)))
(import "wasi_unstable" "environ_sizes_get" (func $old_environ (param i32 i32) (result i32)))
(import "wasi_unstable" "proc_exit" (func $old_exit (param i32)))

(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (drop (call $proxy_set_tick_period_milliseconds (i32.const 1)))
  (i32.const 1))

(func (export "proxy_on_tick") (param i32)
  (drop (call $proxy_set_tick_period_milliseconds (i32.const 0)))
  (call $status (str "clock_time_get") (call $old_time (i32.const 0) (i64.const 0) (wide)))
  (call $status (str "random_get") (call $old_random (wide) (i32.const 8)))
  (call $u32 (str "environ_sizes_get") (call $old_environ (number) (i32.const 16)))
  (call $status (str "fd_write to 7") (call $old_write (i32.const 7) (i32.const 0) (i32.const 0) (number)))
  (call $old_exit (i32.const 0))
  (call $status (str "after proc_exit") (i32.const 0)))
