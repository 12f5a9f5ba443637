;; A host function with a parameter too few.
(import "env" "proxy_done" (func (param i32) (result i32)))
