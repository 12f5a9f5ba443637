;; A name of the ABI in another module.
(import "host" "proxy_log" (func (param i32 i32 i32) (result i32)))
