;; proxy_get_shared_data and proxy_set_shared_data.
(func (export "proxy_on_configure") (param i32 i32) (result i32)
  (drop (call $proxy_set_tick_period_milliseconds (i32.const 1)))
  (i32.const 1))

(func (export "proxy_on_tick") (param i32)
  (drop (call $proxy_set_tick_period_milliseconds (i32.const 0)))

  (call $entry (str "get of an absent key")
    (call $proxy_get_shared_data (str "absent") (value) (number)))
  (call $status (str "set of an absent key")
    (call $proxy_set_shared_data (str "key") (str "first") (i32.const 0)))
  (call $entry (str "get of what was set")
    (call $proxy_get_shared_data (str "key") (value) (number))))

;; `check NAME: status=… value=… cas=…`; the number itself is one of the whole process.
(func $entry (param $name i32) (param $length i32) (param $status i32)
  (call $begin (local.get $name) (local.get $length))
  (call $put_status (local.get $status))
  (call $put_cell_bytes)
  (call $put (str " cas="))
  (if (i32.eq (i32.load (i32.const 24)) (i32.const 0xeeeeeeee))
    (then (call $put (str "untouched")))
    (else
      (if (i32.load (i32.const 24))
        (then (call $put (str "set")))
        (else (call $put (str "0"))))))
  (call $end))
