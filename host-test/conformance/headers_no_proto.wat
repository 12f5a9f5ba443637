;; A request without x-forwarded-proto has no route: Envoy looks for one when the filter is done.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $status (str "remove x-forwarded-proto")
    (call $proxy_remove_header_map_value (i32.const 0) (str "x-forwarded-proto")))
  (i32.const 0))
(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $bytes (str "status")
    (call $proxy_get_header_map_value (i32.const 2) (str ":status") (value)))
  (i32.const 0))
