;; Header maps where there is no HTTP: in a connection.
(func (export "proxy_on_new_connection") (param i32) (result i32)
  (call $all (str "on_new_connection")) (i32.const 0))

;; A line for each map, and for one beyond the last: the status of each function.
(func $all (param $when i32) (param $length i32)
  (local $map i32)
  (loop $next
    (call $put (str "check "))
    (call $put (local.get $when) (local.get $length))
    (call $put (str ", map "))
    (call $put_u32 (local.get $map))
    (call $put (str ":"))
    (call $word (str " get=") (call $proxy_get_header_map_value (local.get $map) (str "x-one") (value)))
    (call $word (str " size=") (call $proxy_get_header_map_size (local.get $map) (number)))
    (call $put (str "/"))
    (call $put_cell_u32)
    (memory.fill (i32.const 16) (i32.const 0xee) (i32.const 8))
    (call $word (str " pairs=") (call $proxy_get_header_map_pairs (local.get $map) (value)))
    (call $put_count (i32.load (i32.const 16)))
    (call $word (str " add=")
      (call $proxy_add_header_map_value (local.get $map) (str "x-a") (str "1")))
    (call $word (str " replace=")
      (call $proxy_replace_header_map_value (local.get $map) (str "x-a") (str "2")))
    (call $word (str " remove=") (call $proxy_remove_header_map_value (local.get $map) (str "x-a")))
    (call $end)
    (local.set $map (i32.add (local.get $map) (i32.const 1)))
    (br_if $next (i32.le_u (local.get $map) (i32.const 8)))))

(func $word (param $name i32) (param $length i32) (param $status i32)
  (call $put (local.get $name) (local.get $length))
  (call $put_u32 (local.get $status)))

;; How many pairs there are, null when there is no buffer.
(func $put_count (param $at i32)
  (call $put (str "/"))
  (if (i32.eq (local.get $at) (i32.const 0xeeeeeeee))
    (then (call $put (str "untouched")))
    (else
      (if (local.get $at)
        (then (call $put_u32 (i32.load (local.get $at))))
        (else (call $put (str "null")))))))
