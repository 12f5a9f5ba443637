;; A version that Envoy does not know.
(func (export "proxy_abi_version_0_2_2"))
