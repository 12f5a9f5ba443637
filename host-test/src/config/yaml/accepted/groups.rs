//! The table of keys without effect, message by message.

use super::{Accepted, Group, Shape};

const fn key(key: &'static str, shape: Shape) -> Accepted {
    Accepted { key, shape }
}
const SOCKETS: &str = "the harness opens no sockets";
const STATISTICS: &str = "the harness counts what plugins count, under its full name";
const UPSTREAM: &str = "an upstream is what the test answers";
const MEMORY: &str = "the harness sets no limits to memory but those of a plugin's VM";
const TIME: &str = "it takes no time in the harness";
const ONCE: &str = "the configuration is read once";
const CERTIFICATES: &str = "TLS is an attribute of a connection, nothing is encrypted";
const LOGS: &str = "lines are kept, not written";

const CLUSTER_TYPES: &[&str] = &["STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST"];
const BALANCERS: &[&str] = &[
    "ROUND_ROBIN",
    "LEAST_REQUEST",
    "RING_HASH",
    "RANDOM",
    "MAGLEV",
];
const FAMILIES: &[&str] = &["AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL"];

/// Every key without effect.
pub(in crate::config::yaml) const GROUPS: &[Group] = {
    use Shape::{Flag, Mapping, Mappings, Name, Number, OneOf, Text, Texts, Time};
    &[
        Group {
            message: "envoy.config.bootstrap.v3.Bootstrap",
            why: "it is about the process, not about its connections",
            keys: &[
                key("admin", Mapping),
                key("overload_manager", Mapping),
                key("cluster_manager", Mapping),
                key("watchdog", Mapping),
                key("watchdogs", Mapping),
                key("flags_path", Text),
                key("enable_dispatcher_stats", Flag),
                key("memory_allocator_manager", Mapping),
                key("application_log_config", Mapping),
            ],
        },
        Group {
            message: "envoy.config.bootstrap.v3.Bootstrap",
            why: STATISTICS,
            keys: &[
                key("stats_config", Mapping),
                key("stats_sinks", Mappings),
                key("stats_flush_interval", Time),
                key("stats_flush_on_admin", Flag),
            ],
        },
        Group {
            message: "envoy.config.bootstrap.v3.Bootstrap.StaticResources",
            why: CERTIFICATES,
            keys: &[key("secrets", Mappings)],
        },
        Group {
            message: "envoy.config.core.v3.Node",
            why: "no control plane reads it",
            keys: &[
                key("user_agent_name", Text),
                key("user_agent_version", Text),
                key("client_features", Texts),
            ],
        },
        Group {
            message: "envoy.config.cluster.v3.Cluster",
            why: UPSTREAM,
            keys: &[
                key("alt_stat_name", Text),
                key("type", OneOf(CLUSTER_TYPES)),
                key("connect_timeout", Time),
                key("per_connection_buffer_limit_bytes", Number),
                key("lb_policy", OneOf(BALANCERS)),
                key("load_assignment", Mapping),
                key("health_checks", Mappings),
                key("circuit_breakers", Mapping),
                key("http_protocol_options", Mapping),
                key("http2_protocol_options", Mapping),
                key("upstream_http_protocol_options", Mapping),
                key("common_http_protocol_options", Mapping),
                key("typed_extension_protocol_options", Mapping),
                key("dns_refresh_rate", Time),
                key("dns_lookup_family", OneOf(FAMILIES)),
                key("respect_dns_ttl", Flag),
                key("outlier_detection", Mapping),
                key("cleanup_interval", Time),
                key("upstream_bind_config", Mapping),
                key("transport_socket", Mapping),
                key("upstream_connection_options", Mapping),
                key("ignore_health_on_host_removal", Flag),
                key("max_requests_per_connection", Number),
            ],
        },
        Group {
            message: "envoy.config.listener.v3.Listener",
            why: SOCKETS,
            keys: &[
                key("transparent", Flag),
                key("freebind", Flag),
                key("socket_options", Mappings),
                key("tcp_fast_open_queue_length", Number),
                key("tcp_backlog_size", Number),
                key("enable_reuse_port", Flag),
                key("connection_balance_config", Mapping),
                key("max_connections_to_accept_per_socket_event", Number),
            ],
        },
        Group {
            message: "envoy.config.listener.v3.Listener",
            why: ONCE,
            keys: &[key("drain_type", OneOf(&["DEFAULT", "MODIFY_ONLY"]))],
        },
        Group {
            message: "envoy.config.listener.v3.Listener",
            why: MEMORY,
            keys: &[
                key("ignore_global_conn_limit", Flag),
                key("bypass_overload_manager", Flag),
            ],
        },
        Group {
            message: "envoy.config.listener.v3.Listener",
            why: STATISTICS,
            keys: &[key("stat_prefix", Text)],
        },
        Group {
            message: "envoy.config.listener.v3.AdditionalAddress",
            why: SOCKETS,
            keys: &[key("socket_options", Mapping)],
        },
        Group {
            message: "envoy.config.core.v3.SocketAddress",
            why: SOCKETS,
            keys: &[key("protocol", OneOf(&["TCP"]))],
        },
        Group {
            message: "envoy.config.listener.v3.FilterChain",
            why: TIME,
            keys: &[key("transport_socket_connect_timeout", Time)],
        },
        Group {
            message: "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            why: CERTIFICATES,
            keys: &[
                key("session_timeout", Time),
                key("disable_stateless_session_resumption", Flag),
                key("disable_stateful_session_resumption", Flag),
                key("full_scan_certs_on_sni_mismatch", Flag),
                key("prefer_client_ciphers", Flag),
            ],
        },
        Group {
            message: "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext",
            why: CERTIFICATES,
            keys: &[
                key("tls_params", Mapping),
                key("tls_certificate_sds_secret_configs", Mappings),
                key("validation_context_sds_secret_config", Mapping),
                key("alpn_protocols", Texts),
                key("key_log", Mapping),
            ],
        },
        Group {
            message: "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
            why: "the test says what the TLS greeting holds",
            keys: &[
                key("enable_ja3_fingerprinting", Flag),
                key("initial_read_buffer_size", Number),
            ],
        },
        Group {
            message: "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
            why: STATISTICS,
            keys: &[key("stat_prefix", Text)],
        },
        Group {
            message: "envoy.extensions.filters.network.rbac.v3.RBAC",
            why: STATISTICS,
            keys: &[key("shadow_rules_stat_prefix", Text)],
        },
        Group {
            message: "envoy.extensions.filters.http.rbac.v3.RBAC",
            why: STATISTICS,
            keys: &[
                key("rules_stat_prefix", Text),
                key("shadow_rules_stat_prefix", Text),
                key("track_per_rule_stats", Flag),
            ],
        },
        Group {
            message: "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            why: UPSTREAM,
            keys: &[
                key("max_connect_attempts", Number),
                key("upstream_idle_timeout", Time),
            ],
        },
        Group {
            message: HCM,
            why: MEMORY,
            keys: &[key("max_request_headers_kb", Number)],
        },
        Group {
            message: HCM,
            why: "it is a second in the harness",
            keys: &[key("delayed_close_timeout", Time)],
        },
        Group {
            message: HCM,
            why: "HTTP/2 is spoken as Envoy does by default",
            keys: &[
                key("http2_protocol_options", Mapping),
                key("stream_error_on_invalid_http_message", Flag),
            ],
        },
        Group {
            message: "envoy.config.core.v3.HttpProtocolOptions",
            why: MEMORY,
            keys: &[
                key("max_headers_count", Number),
                key("max_response_headers_kb", Number),
            ],
        },
        Group {
            message: "envoy.extensions.filters.http.router.v3.Router",
            why: UPSTREAM,
            keys: &[key("dynamic_stats", Flag), key("start_child_span", Flag)],
        },
        Group {
            message: "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            why: "routes have no header mutations of their own in the harness",
            keys: &[key("most_specific_header_mutations_wins", Flag)],
        },
        Group {
            message: "envoy.config.route.v3.RouteConfiguration",
            why: ONCE,
            keys: &[key("name", Text)],
        },
        Group {
            message: "envoy.config.route.v3.RouteAction",
            why: UPSTREAM,
            keys: &[key("priority", OneOf(&["DEFAULT", "HIGH"]))],
        },
        Group {
            message: "envoy.extensions.wasm.v3.VmConfig",
            why: "the harness compiles the module itself",
            keys: &[
                key("allow_precompiled", Flag),
                key("nack_on_code_cache_miss", Flag),
            ],
        },
        Group {
            message: "envoy.config.core.v3.BackoffStrategy",
            why: "Envoy waits for the base interval alone",
            keys: &[key("max_interval", Time)],
        },
        Group {
            message: "envoy.config.core.v3.SubstitutionFormatString",
            why: LOGS,
            keys: &[
                key("content_type", Text),
                key("json_format_options", Mapping),
            ],
        },
        Group {
            message: "envoy.config.core.v3.RuntimeUInt32",
            why: "the harness has no runtime: the default value holds",
            keys: &[key("runtime_key", Name)],
        },
    ]
};

const HCM: &str =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
