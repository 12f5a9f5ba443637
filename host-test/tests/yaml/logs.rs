//! Access logs: formats and filters.

use crate::case::{Bad, Good, Stricter, check, listener};

fn log(config: &str) -> String {
    full(
        "file.v3.FileAccessLog",
        &format!("path: /dev/null, {config}"),
        "",
    )
}

fn full(kind: &str, fields: &str, more: &str) -> String {
    listener(
        &format!(
            "access_log: [{{ name: log, {more} typed_config: {{ \"@type\": \
             type.googleapis.com/envoy.extensions.access_loggers.{kind}, {fields} }} }}]"
        ),
        "filter_chains: [{}]",
    )
}

fn text(format: &str) -> String {
    let quoted = serde_json::to_string(format).unwrap();
    log(&format!(
        "log_format: {{ text_format_source: {{ inline_string: {quoted} }} }}"
    ))
}

fn filter(filter: &str) -> String {
    full(
        "stream.v3.StdoutAccessLog",
        "",
        &format!("filter: {{ {filter} }},"),
    )
}

fn expression(expression: &str) -> String {
    let quoted = serde_json::to_string(expression).unwrap();
    filter(&format!(
        "extension_filter: {{ name: cel, typed_config: {{ \"@type\": \
         type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter, \
         expression: {quoted} }} }}"
    ))
}

#[test]
fn access_logs_have_one_format() {
    check(&[
        (Good, log("")),
        (Bad, full("file.v3.FileAccessLog", "", "")),
        (Good, full("stream.v3.StderrAccessLog", "", "")),
        (Stricter, full("grpc.v3.TcpGrpcAccessLogConfig", "", "").replace(", }", "}")
            .replace("TcpGrpcAccessLogConfig", "TcpGrpcAccessLogConfig, common_config: { log_name: a, grpc_service: { envoy_grpc: { cluster_name: service } } }")),
        (Good, log("log_format: { json_format: { a: \"%PROTOCOL%\", b: 5, c: { d: [y, ~, 1.5] } }, omit_empty_values: true }")),
        (Bad, log("log_format: { json_format: { a: \"%PROTOCOLS%\" } }")),
        (Bad, log("log_format: { json_format: { a: { b: [\"%\"] } } }")),
        (Bad, log("log_format: { json_format: text }")),
        (Bad, log("log_format: {}")),
        (Good, log("log_format: { text_format: a }")),
        (Bad, log("log_format: { text_format: a, json_format: {} }")),
        (Stricter, log("log_format: { text_format_source: { filename: rustfmt.toml } }")),
        (Bad, log("log_format: { text_format_source: {} }")),
        (Stricter, log("format: a")),
    ]);
}

#[test]
fn format_strings_are_those_of_envoy() {
    let good = [
        "",
        "%%",
        "%REQ(A?B):5%",
        "%REQ(:METHOD)%",
        "%REQ(?b)%",
        "%REQ(a?)%",
        "%TRAILER(A)%",
        "%PROTOCOL()%",
        "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
        "%START_TIME(%s.%6f)%",
        "%FILTER_STATE(a)%",
        "%FILTER_STATE(a:)%",
        "%FILTER_STATE(a:PLAIN):3%",
        "%DYNAMIC_METADATA(a)%",
        "%DYNAMIC_METADATA(a:b:c):4%",
        "%RESPONSE_CODE%%PROTOCOL%",
        "%REQ(a):99999999999%",
    ];
    let bad = [
        "%",
        "%%%",
        "100%",
        "a%b%c",
        "%FOO%",
        "%REQ%",
        "%REQ()%",
        "%REQ(A?B?C)%",
        "%REQ(A):x%",
        "%REQ(A):%",
        "%REQ(A):-1%",
        "%REQ(A) %",
        "%req(a)%",
        "%REQUEST_HEADER(A:5)%",
        "%PROTOCOL:5%",
        "%PROTOCOL(a)%",
        "%FILTER_STATE%",
        "%FILTER_STATE(:PLAIN)%",
        "%FILTER_STATE(a:plain)%",
        "%FILTER_STATE(a:PLAIN:b)%",
        "%FILTER_STATE(a:PLAIN%",
        "%DYNAMIC_METADATA()%",
        "%START_TIME:5%",
        "%REQ(a b)%",
        "%REQ(a)%)%",
        "%REQ(a):99999999999999999999999%",
    ];
    let stricter = [
        "%GRPC_STATUS%",
        "%START_TIME(%Q)%",
        "%FILTER_STATE(a:FIELD:b)%",
    ];
    let mut cases = Vec::new();
    cases.extend(good.map(|format| (Good, text(format))));
    cases.extend(bad.map(|format| (Bad, text(format))));
    cases.extend(stricter.map(|format| (Stricter, text(format))));
    check(&cases);
}

#[test]
fn every_command_of_the_harness_is_one_of_envoy() {
    let commands = host_test::config::format::Command::names();
    let cases = commands.into_iter().map(|name| match name {
        "START_TIME" => (Good, text("%START_TIME%")),
        "DYNAMIC_METADATA" | "FILTER_STATE" | "REQ" | "REQUEST_HEADER" | "RESP"
        | "RESPONSE_HEADER" | "RESPONSE_TRAILER" | "TRAILER" => {
            (Good, text(&format!("%{name}(a)%")))
        }
        _ => (Good, text(&format!("%{name}%"))),
    });
    check(&cases.collect::<Vec<_>>());
}

#[test]
fn filters_of_access_logs_are_conditions() {
    let status = "comparison: { op: GE, value: { default_value: 500, runtime_key: a } }";
    check(&[
        (Good, filter(&format!("status_code_filter: {{ {status} }}"))),
        (Bad, filter("status_code_filter: {}")),
        (
            Bad,
            filter("status_code_filter: { comparison: { op: GE } }"),
        ),
        (
            Good,
            filter("status_code_filter: { comparison: { value: { default_value: 5 } } }"),
        ),
        (Bad, filter("")),
        (
            Good,
            filter(&format!(
                "or_filter: {{ filters: [{{ status_code_filter: {{ {status} }} }}, {{ \
                 status_code_filter: {{ {status} }} }}] }}"
            )),
        ),
        (
            Bad,
            filter(&format!(
                "or_filter: {{ filters: [{{ status_code_filter: {{ {status} }} }}] }}"
            )),
        ),
        (Stricter, filter("not_health_check_filter: {}")),
        (Good, expression("!(destination.port in [80, 443])")),
        (
            Good,
            expression("response.code >= 400 && request.method == 'GET' || source.port != 5"),
        ),
        (Bad, expression("")),
        (Bad, expression("destination.port in [80")),
        (Bad, expression("destination.port ==")),
        (Bad, expression("(destination.port == 80")),
        (Bad, expression("destination.port == 'a")),
        (Stricter, expression("destination.port + 1 == 80")),
        (Stricter, expression("destination.portal == 80")),
    ]);
}
