;; A name that no version of the ABI has.
(import "env" "proxy_unheard_of" (func (param i32) (result i32)))
