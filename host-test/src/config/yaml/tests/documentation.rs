//! `ENVOY-YAML.md` is written by this test.

use std::collections::BTreeMap;

use super::*;

#[test]
fn the_page_about_configurations_is_up_to_date() {
    let path = root().join("host-test/ENVOY-YAML.md");
    let written = fs::read_to_string(&path).unwrap_or_default();
    let page = page();
    if written != page {
        fs::write(&path, page).unwrap();
        panic!(
            "{} was not up to date and is now: look at it and commit it",
            path.display()
        );
    }
}

fn page() -> String {
    let mut rows: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (message, key, why) in keys_without_effect() {
        rows.entry(message)
            .or_default()
            .entry(why)
            .or_default()
            .push(key);
    }
    let mut page = INTRODUCTION.to_owned();
    for (message, reasons) in rows {
        for (why, keys) in reasons {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            page.push_str(&format!("| `{message}` | {} | {why} |\n", keys.join(", ")));
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Envoy configurations in host-test

host-test reads the same YAML as Envoy: the process, its listeners, filter chains, network and HTTP
filters, plugins, routes and access logs. Every key is one of three:

- it is **read**, and the harness does what Envoy does with it;
- it is **without effect** on anything that a test can observe, and stands in the table below;
- it is **unknown**: an error with file, line, column, the path of the key and the keys that are
  known at that place.

As in Envoy the type behind `@type` says what a filter is, not its name; keys may be spelled
`snake_case` or `lowerCamelCase`; plain `y`, `no` and `on` are booleans, `010` is eight, `<<` is no
merge but an unknown key; anchors and aliases work, and entries tagged `!ignore` may hold them. A
`google.protobuf.Struct` as configuration reaches the plugin as protobuf bytes, not as JSON.

Stricter than Envoy: a key, a cluster or a listener name that stands there twice is an error, and so
are a second document, a `tcp_proxy` without its cluster, `host_env_keys` and other names of the
machine's environment, and a regular expression that looks around. Less strict: nobody looks into
a mapping below a key without effect.

Time-outs of a connection manager (`idle_timeout`, `stream_idle_timeout`, `request_headers_timeout`,
`drain_timeout`), of a route (`timeout`) and of `tcp_proxy` (`idle_timeout`) run out in virtual time.

| Message | Keys without effect | Why |
|---|---|---|
";
