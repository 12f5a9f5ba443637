;; ABI 0.1.0 has no proxy_close_stream.
(import "env" "proxy_close_stream" (func (param i32) (result i32)))
(func (export "proxy_abi_version_0_1_0"))
