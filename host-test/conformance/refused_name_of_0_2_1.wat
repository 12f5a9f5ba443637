;; ABI 0.2.0 has no proxy_get_log_level.
(import "env" "proxy_get_log_level" (func (param i32) (result i32)))
(func (export "proxy_abi_version_0_2_0"))
