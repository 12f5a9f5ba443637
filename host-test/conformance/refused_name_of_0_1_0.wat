;; ABI 0.2.1 has no proxy_clear_route_cache.
(import "env" "proxy_clear_route_cache" (func (result i32)))
