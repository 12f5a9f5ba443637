;; proxy_on_tick with a parameter too many.
(func (export "proxy_on_tick") (param i32 i32))
