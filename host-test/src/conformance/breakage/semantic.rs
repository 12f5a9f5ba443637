//! Mistakes that a host could well make.

/// Each: the function, what is wrong, and the body of the function in its place, which finds the
/// right one under `$right`.
pub(super) const SEMANTIC: &[(&str, &str, &str)] = &[
    (
        "proxy_set_shared_data",
        "create-if-absent overwrites",
        "(call $right (local.get 0) (local.get 1) (local.get 2) (local.get 3)
           (select (i32.const 0) (local.get 4) (i32.eq (local.get 4) (i32.const -1))))",
    ),
    (
        "proxy_set_shared_data",
        "an old number to compare is good enough",
        "(call $right (local.get 0) (local.get 1) (local.get 2) (local.get 3)
           (select (local.get 4) (i32.const 0) (i32.eq (local.get 4) (i32.const -1))))",
    ),
    (
        "proxy_get_header_map_value",
        "header names are told apart by case",
        "(if (call $has_capital (local.get 1) (local.get 2)) (then (return (i32.const 1))))
         (call $right (local.get 0) (local.get 1) (local.get 2)
           (local.get 3) (local.get 4))",
    ),
    (
        "proxy_add_header_map_value",
        "adding replaces",
        "(call $proxy_replace_header_map_value (local.get 0) (local.get 1) (local.get 2)
           (local.get 3) (local.get 4))",
    ),
    (
        "proxy_replace_header_map_value",
        "replacing adds",
        "(call $proxy_add_header_map_value (local.get 0) (local.get 1) (local.get 2)
           (local.get 3) (local.get 4))",
    ),
    (
        "proxy_set_property",
        "a root context has filter state",
        "(drop (call $right (local.get 0) (local.get 1) (local.get 2)
           (local.get 3)))
         (i32.const 0)",
    ),
    (
        "proxy_record_metric",
        "recording sets a counter",
        "(drop (call $proxy_get_metric (local.get 0) (i32.const 256)))
         (call $right (local.get 0)
           (i64.sub (local.get 1) (i64.load (i32.const 256))))",
    ),
    (
        "proxy_increment_metric",
        "a gauge stops at 0",
        "(drop (call $proxy_get_metric (local.get 0) (i32.const 256)))
         (if (i64.lt_s (i64.add (i64.load (i32.const 256)) (local.get 1)) (i64.const 0))
           (then (return (call $proxy_record_metric (local.get 0) (i64.const 0)))))
         (call $right (local.get 0) (local.get 1))",
    ),
    (
        "proxy_get_current_time_nanoseconds",
        "time runs backwards",
        "(if (call $right (local.get 0))
           (then (return (i32.const 6))))
         (call $turn_back (local.get 0))
         (i32.const 0)",
    ),
    (
        "clock_time_get",
        "time runs backwards",
        "(local $answer i32)
         (local.set $answer
           (call $right (local.get 0) (local.get 1) (local.get 2)))
         (if (i32.eqz (local.get $answer)) (then (call $turn_back (local.get 2))))
         (local.get $answer)",
    ),
    (
        "proxy_set_tick_period_milliseconds",
        "a timer cannot be stopped",
        "(if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
         (call $right (local.get 0))",
    ),
    (
        "proxy_set_buffer_bytes",
        "a write in the middle is done",
        "(call $right (local.get 0) (i32.const 0) (i32.const -1)
           (local.get 3) (local.get 4))",
    ),
];

/// Used by [`SEMANTIC`]: a time that is later the earlier it is.
const TURN_BACK: &str = "
(global $turns (mut i64) (i64.const 0))
(func $turn_back (param $at i32)
  (global.set $turns (i64.add (global.get $turns) (i64.const 1)))
  (i64.store (local.get $at)
    (i64.sub (i64.sub (i64.const 3500000000000000000) (i64.load (local.get $at)))
             (global.get $turns))))
";

/// Used by [`SEMANTIC`].
const HAS_CAPITAL: &str = "
(func $has_capital (param $at i32) (param $length i32) (result i32)
  (local $end i32)
  (local.set $end (i32.add (local.get $at) (local.get $length)))
  (if (i32.gt_u (local.get $end) (i32.const 2097152)) (then (return (i32.const 0))))
  (loop $next
    (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
    (if (i32.lt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 65)) (i32.const 26))
      (then (return (i32.const 1))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br $next))
  (unreachable))
";

/// The functions that the body of another one needs.
pub(super) fn helpers(body: &str) -> String {
    let known = [("$has_capital", HAS_CAPITAL), ("$turn_back", TURN_BACK)];
    let used = known.iter().filter(|(name, _)| body.contains(name));
    used.map(|(_, text)| *text).collect()
}
