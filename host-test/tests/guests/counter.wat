;; A network filter: counts connections in shared data, leaves the count at each connection, and
;; closes all after the third. It writes without looking whether another worker has written.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $period (param i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 0) "count")
  (data (i32.const 16) "tick")
  ;; 1024: where the host writes numbers. 1040: the count, a digit. From 4096 on: what the host
  ;; allocates.
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
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $period (i32.const 100)))
    (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 4))))

  (func (export "proxy_on_new_connection") (param i32) (result i32)
    (local $count i32)
    (local.set $count (i32.const 48))
    (if (i32.eqz (call $get
          (i32.const 0) (i32.const 5) (i32.const 1024) (i32.const 1028) (i32.const 1032)))
      (then
        (if (i32.load (i32.const 1028))
          (then (local.set $count (i32.load8_u (i32.load (i32.const 1024))))))))
    (i32.store8 (i32.const 1040) (i32.add (local.get $count) (i32.const 1)))
    (drop (call $set (i32.const 0) (i32.const 5) (i32.const 1040) (i32.const 1) (i32.const 0)))
    (drop (call $set_property (i32.const 0) (i32.const 5) (i32.const 1040) (i32.const 1)))
    (if (i32.gt_u (local.get $count) (i32.const 50))
      (then (drop (call $close (i32.const 2)))))
    (i32.const 0)))
