//! Plugins and their VMs.

use crate::case::{Bad, Good, Stricter, check, echo, filters, network};

/// A plugin with these further fields, and its VM with these.
fn plugin(fields: &str, vm: &str) -> String {
    with_code(
        fields,
        vm,
        &format!("local: {{ inline_bytes: {} }}", module()),
    )
}

fn with_code(fields: &str, vm: &str, code: &str) -> String {
    let config = format!("config: {{ {fields} vm_config: {{ {vm} code: {{ {code} }} }} }}");
    filters(&[network("wasm.v3.Wasm", &config), echo()])
}

/// The smallest module that Envoy takes, in Base64.
fn module() -> String {
    let wat = r#"(module (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024))"#;
    base64(&wat::parse_str(wat).unwrap())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * index)) as usize & 63]));
        }
    }
    text
}

fn configured(kind: &str, fields: &str) -> String {
    plugin(
        &format!(
            "configuration: {{ \"@type\": type.googleapis.com/google.protobuf.{kind}, {fields} }},"
        ),
        "",
    )
}

#[test]
fn a_plugin_has_a_vm_with_code() {
    let good = plugin("", "");
    check(&[
        (
            Good,
            plugin(
                "name: a, root_id: b,",
                "vm_id: c, runtime: envoy.wasm.runtime.v8,",
            ),
        ),
        (Good, plugin("", "runtime: \"\",")),
        (Bad, plugin("", "runtime: envoy.wasm.runtime.wasmtime,")),
        (Bad, plugin("", "vm_id: 5,")),
        (Bad, plugin("foo: 1,", "")),
        (Bad, plugin("", "foo: 1,")),
        (
            Good,
            plugin(
                "",
                "allow_precompiled: true, nack_on_code_cache_miss: true,",
            ),
        ),
        (Good, plugin("allow_on_headers_stop_iteration: true,", "")),
        (Bad, good.replace("vm_config:", "!ignore a:")),
        (Bad, good.replace("config: {", "!ignore a: {")),
        (Bad, good.replace("code:", "!ignore a:")),
        (Bad, with_code("", "", "")),
        (Bad, with_code("", "", "local: {}")),
        (
            Bad,
            with_code("", "", "local: { filename: target/none.wasm }"),
        ),
        (Bad, with_code("", "", "local: { filename: \"\" }")),
        (Bad, with_code("", "", "local: { filename: envoy }")),
        (
            Bad,
            with_code("", "", "local: { filename: a, inline_string: b }"),
        ),
        (
            Bad,
            with_code("", "", "local: { environment_variable: HOME }"),
        ),
        (
            Stricter,
            with_code(
                "",
                "",
                "remote: { http_uri: { uri: \"http://a/b\", cluster: service, timeout: 1s }, sha256: abc }",
            ),
        ),
        (Bad, filters(&[network("wasm.v3.Wasm", "")])),
    ]);
}

#[test]
fn configurations_are_texts_bytes_or_structs() {
    check(&[
        (Good, configured("StringValue", "value: \"{}\"")),
        (Good, configured("StringValue", "value: 1.5")),
        (Good, configured("StringValue", "")),
        (Bad, configured("StringValue", "value: y")),
        (Bad, configured("StringValue", "value: 5")),
        (Bad, configured("StringValue", "value: { a: 1 }")),
        (Bad, configured("StringValue", "other: a")),
        (Good, configured("BytesValue", "value: aGk")),
        (Good, configured("BytesValue", "value: aG_-")),
        (Bad, configured("BytesValue", "value: aGk*")),
        (Bad, configured("BytesValue", "value: aA=")),
        (Good, configured("Struct", "value: { a: { b: [1, y, ~] } }")),
        (Good, configured("Struct", "")),
        (Bad, configured("Struct", "value: [1]")),
        (Bad, configured("Struct", "a: 1")),
        (Stricter, configured("Int64Value", "value: 5")),
        (Bad, plugin("configuration: text,", "")),
        (Bad, plugin("configuration: { value: a },", "")),
    ]);
}

#[test]
fn failures_have_one_policy() {
    let reload = |reload: &str| {
        plugin(
            &format!("failure_policy: FAIL_RELOAD, reload_config: {{ {reload} }},"),
            "",
        )
    };
    check(&[
        (Good, plugin("failure_policy: FAIL_OPEN,", "")),
        (Good, plugin("failure_policy: UNSPECIFIED,", "")),
        (Bad, plugin("failure_policy: FAIL_SOMEHOW,", "")),
        (Good, plugin("fail_open: true,", "")),
        (
            Bad,
            plugin("fail_open: true, failure_policy: FAIL_RELOAD,", ""),
        ),
        (
            Good,
            plugin("fail_open: false, failure_policy: FAIL_RELOAD,", ""),
        ),
        (Good, reload("")),
        (
            Good,
            reload("backoff: { base_interval: 0.001s, max_interval: 1s }"),
        ),
        (Bad, reload("backoff: {}")),
        (Bad, reload("backoff: { base_interval: 0s }")),
        (Bad, reload("backoff: { base_interval: 0.0005s }")),
        (
            Good,
            plugin("reload_config: { backoff: { base_interval: 2s } },", ""),
        ),
    ]);
}

#[test]
fn capabilities_and_environment_are_maps() {
    let allow = "capability_restriction_config: { allowed_capabilities: { proxy_log: {} } },";
    check(&[
        (Good, plugin(allow, "")),
        (Good, plugin("", allow)),
        (Good, plugin(allow, allow)),
        (Good, plugin("capability_restriction_config: {},", "")),
        (
            Bad,
            plugin(
                "capability_restriction_config: { allowed_capabilities: { proxy_log: { a: b } } },",
                "",
            ),
        ),
        (
            Bad,
            plugin(
                "capability_restriction_config: { allowed_capabilities: [proxy_log] },",
                "",
            ),
        ),
        (
            Good,
            plugin(
                "",
                "environment_variables: { key_values: { A: \"1\", B: \"\" } },",
            ),
        ),
        (
            Bad,
            plugin("", "environment_variables: { key_values: { A: 1 } },"),
        ),
        (
            Stricter,
            plugin("", "environment_variables: { host_env_keys: [HOME] },"),
        ),
        (
            Stricter,
            plugin("", "environment_variables: { key_values: { A: a, A: b } },"),
        ),
    ]);
}

#[test]
fn services_are_plugins_of_the_bootstrap() {
    let service = |name: &str, fields: &str| {
        let module = module();
        format!(
            "bootstrap_extensions: [{{ name: service, typed_config: {{ \"@type\": \
             type.googleapis.com/{name}, {fields} config: {{ vm_config: {{ code: {{ local: {{ \
             inline_bytes: {module} }} }} }} }} }} }}]"
        )
    };
    let wasm = "envoy.extensions.wasm.v3.WasmService";
    check(&[
        (Good, service(wasm, "singleton: true,")),
        (Good, service(wasm, "")),
        (Bad, service(wasm, "singletons: true,")),
        (Bad, service("envoy.extensions.wasm.v3.WasmServices", "")),
        (
            Stricter,
            service(wasm, "").replace(" config:", " !ignore config:"),
        ),
        (Bad, service(wasm, "").replace("name: service,", "")),
    ]);
}
