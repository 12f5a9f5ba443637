;; A request whose path changes: which route it takes, with and without clear_route_cache. The path
;; /direct has a route of its own.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $called1 (str "on_request_headers") (local.get 0))
  (if (i32.eq (local.get 0) (i32.const 4))
    (then
      (call $status (str "set all pairs")
        (call $proxy_set_header_map_pairs (i32.const 0)
          (pairs ":method" "GET" ":path" "/direct" ":authority" "headers_route" ":scheme" "http"
            "x-forwarded-proto" "http"))))
    (else
      (call $status (str "replace the path")
        (call $proxy_replace_header_map_value (i32.const 0) (str ":path") (str "/direct")))))
  (if (i32.eq (local.get 0) (i32.const 3))
    (then
      (call $status (str "clear_route_cache")
        (call $proxy_call_foreign_function (str "clear_route_cache") (str "") (value)))))
  (call $bytes (str "route after") (call $proxy_get_property (str "xds\00route_name") (value)))
  (i32.const 0))
(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $bytes (str "route at the end") (call $proxy_get_property (str "xds\00route_name") (value)))
  (i32.const 0))
