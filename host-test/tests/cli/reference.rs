//! The reference of scenario files is what their schema says.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::command::{assert_is_file, host_test};

#[test]
fn the_reference_is_the_one_of_the_schema() {
    let schema: Value = serde_json::from_str(&host_test(&["schema"]).stdout).unwrap();
    let mut page = "# Scenario files: every key\n\nMade from \
                    [the schema](scenario.schema.json); the [README](README.md#scenario-files) \
                    explains and shows them.\n"
        .to_owned();
    section(&mut page, "File", &schema);
    for name in ORDER {
        let definition = &schema["$defs"][name];
        assert!(definition.is_object(), "there is no {name}");
        section(&mut page, name, definition);
    }
    let left_out: Vec<&String> = schema["$defs"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, definition)| definition.get("properties").is_some())
        .map(|(name, _)| name)
        .filter(|name| !ORDER.contains(&name.as_str()))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?} stand in no section");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenario-reference.md");
    assert_is_file(&page, &path);
}

const ORDER: &[&str] = &[
    "Case",
    "PluginSetup",
    "Replace",
    "Race",
    "Step",
    "Connect",
    "Tls",
    "Proxied",
    "Send",
    "Close",
    "Request",
    "Data",
    "Trailers",
    "Answer",
    "Respond",
    "AnswerCall",
    "Grpc",
    "Time",
    "Repeat",
    "OnWorker",
    "Update",
    "SetSharedData",
    "BytesForm",
    "Expect",
    "Upstream",
    "Response",
    "Connection",
    "LogLine",
    "Call",
    "SharedData",
    "AccessLog",
    "TextMatch",
    "NumberMatch",
];

fn section(page: &mut String, name: &str, definition: &Value) {
    let title = definition["description"].as_str().unwrap_or_default();
    write!(
        page,
        "\n## {name}\n\n{}\n\n| key | value | meaning |\n|---|---|---|\n",
        one_line(title)
    )
    .unwrap();
    let rows: Vec<(String, String, String)> = match definition.get("properties") {
        Some(properties) => {
            let required = &definition["required"];
            properties
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, value)| row(key, value, required))
                .collect()
        }
        None => {
            let variants = definition["oneOf"].as_array().unwrap();
            variants.iter().map(variant).collect()
        }
    };
    for (key, value, meaning) in rows {
        writeln!(page, "| {key} | {value} | {} |", one_line(&meaning)).unwrap();
    }
}

fn row(key: &str, value: &Value, required: &Value) -> (String, String, String) {
    let is_required = required
        .as_array()
        .is_some_and(|required| required.iter().any(|name| name == key));
    let mark = if is_required { " (required)" } else { "" };
    let meaning = value["description"].as_str().unwrap_or_default().to_owned();
    (format!("`{key}`{mark}"), kind(value), meaning)
}

/// One step: its only key.
fn variant(variant: &Value) -> (String, String, String) {
    let (key, value) = variant["properties"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    let meaning = variant["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (format!("`{key}`"), kind(value), meaning)
}

/// What a value is, with links to those that have a section.
fn kind(value: &Value) -> String {
    if let Some(reference) = value["$ref"].as_str() {
        return named(reference.rsplit('/').next().unwrap());
    }
    if let Some(kinds) = value["anyOf"].as_array() {
        let kinds: Vec<String> = kinds
            .iter()
            .filter(|kind| kind["type"] != "null")
            .map(kind_of)
            .collect();
        return kinds.join(" or ");
    }
    let first = match &value["type"] {
        // What may be left out is `T` or null.
        Value::Array(kinds) => &kinds[0],
        one => one,
    };
    match first.as_str() {
        Some("array") => format!("list of {}", kind(&value["items"])),
        Some("boolean") => "true or false".to_owned(),
        Some("object") => format!("mapping to {}", kind(&value["additionalProperties"])),
        other => panic!("{other:?}: {value}"),
    }
}

fn kind_of(value: &Value) -> String {
    kind(value)
}

/// What a definition of the schema is called in the reference.
fn named(name: &str) -> String {
    if let Some(of) = name.strip_prefix("MappingOf") {
        return format!("mapping of names to {}", named(of));
    }
    match name {
        "Text" => "text".to_owned(),
        "Refusal" => "text or [TextMatch](#textmatch), or a list of them".to_owned(),
        "CallKind" => "`http`, `grpc`, `grpc_stream` or `dns`".to_owned(),
        "CallFailure" => "`refuse`, `reset`, `disconnect` or `break_off`".to_owned(),
        "Wipe" => "`shared_data`".to_owned(),
        "TextOrList" => "text or list of texts".to_owned(),
        "TextOrJson" => "text or JSON".to_owned(),
        "Side" => "`client`, `upstream` or `proxy`".to_owned(),
        "HttpVersion" => "`http1` or `http2`".to_owned(),
        "PluginKind" => "`http`, `network`, `tcp` or `singleton`".to_owned(),
        "FailurePolicy" => "`fail_closed`, `fail_reload` or `fail_open`".to_owned(),
        "Level" => "`trace`, `debug`, `info`, `warn`, `error` or `critical`".to_owned(),
        _ => match name.strip_prefix("TextOr") {
            Some("TextMatch") => "text or [TextMatch](#textmatch)".to_owned(),
            Some("NumberMatch") => "number or [NumberMatch](#numbermatch)".to_owned(),
            Some(of) => format!("text or {}", named(of)),
            None => {
                assert!(ORDER.contains(&name), "{name} has no section");
                format!("[{name}](#{})", name.to_lowercase())
            }
        },
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
