//! Access logs, their formats and their filters.

use std::collections::BTreeMap;

use super::{
    any::{Any, extension},
    cel,
    message::{Message, message},
    node::Value,
    place::{Choice, Place, choice},
};
use crate::config::{AccessLog, Comparison, LogFilter, LogFormat, LogValue, Term, format::Format};

/// The `access_log` of a message.
pub(super) fn access_logs(m: &Message<'_>) -> Vec<AccessLog> {
    m.each("access_log", access_log)
}

fn access_log(place: &Place<'_>) -> Option<AccessLog> {
    const FILE: &str = "envoy.extensions.access_loggers.file.v3.FileAccessLog";
    const STDOUT: &str = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
    const STDERR: &str = "envoy.extensions.access_loggers.stream.v3.StderrAccessLog";
    message(place, "envoy.config.accesslog.v3.AccessLog", |m| {
        let filter = m.one("filter", filter);
        let any = extension(m)?;
        let (path, (format, omit_empty_values)) = match any.type_name.as_str() {
            FILE => any.message(FILE, |m| (m.required_text("path"), format_of(m)))?,
            STDOUT => any.message(STDOUT, |m| ("/dev/stdout".to_owned(), format_of(m)))?,
            STDERR => any.message(STDERR, |m| ("/dev/stderr".to_owned(), format_of(m)))?,
            _ => return any.unknown("access log", &[FILE, STDOUT, STDERR]),
        };
        Some(AccessLog {
            path,
            format,
            omit_empty_values,
            filter,
        })
    })?
}

/// The format of a line, and whether it leaves out what is absent.
fn format_of(m: &Message<'_>) -> (LogFormat, bool) {
    let found = m.one("log_format", |place| {
        message(
            place,
            "envoy.config.core.v3.SubstitutionFormatString",
            |m| {
                let omit = m.boolean_or("omit_empty_values", false);
                let kinds = &["json_format", "text_format_source", "text_format"];
                let (kind, place) = m.exactly_one_of(kinds)?;
                let format = match kind {
                    "json_format" => LogFormat::Json(json_object(place)),
                    "text_format" => LogFormat::Text(format(place)?),
                    _ => LogFormat::Text(text_source(place)?),
                };
                Some((format, omit))
            },
        )?
    });
    found.unwrap_or_else(|| (LogFormat::Text(default_format()), false))
}

fn default_format() -> Format {
    // Envoy's own, but for what the harness cannot know of an upstream.
    let text = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" \
                %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
                %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \
                \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \
                \"%UPSTREAM_HOST%\"\n";
    Format::parse(text).unwrap_or_default()
}

fn text_source(place: &Place<'_>) -> Option<Format> {
    message(place, "envoy.config.core.v3.DataSource", |m| {
        m.required("inline_string").and_then(format)
    })?
}

/// A format string.
pub(super) fn format(place: &Place<'_>) -> Option<Format> {
    let parsed = Format::parse(place.text()?);
    parsed
        .map_err(|invalid| place.problem(invalid.to_string()))
        .ok()
}

fn json_object(place: &Place<'_>) -> BTreeMap<String, LogValue> {
    let entries = place.entries().into_iter();
    let values = entries.filter_map(|(key, value)| Some((key.to_owned(), json_value(&value)?)));
    values.collect()
}

fn json_value(place: &Place<'_>) -> Option<LogValue> {
    Some(match &place.node.value {
        Value::Null => LogValue::Fixed(serde_json::Value::Null),
        Value::Bool(value) => LogValue::Fixed((*value).into()),
        Value::Int(value) => LogValue::Fixed((*value).into()),
        Value::Text(_) => LogValue::Format(format(place)?),
        Value::Map(_) => LogValue::Object(json_object(place)),
        Value::List(nodes) => {
            let items = nodes.iter().enumerate();
            // Unlike those of a message's list they may be null.
            let items = items.map(|(index, node)| place.below(&index.to_string(), node));
            LogValue::List(items.filter_map(|item| json_value(&item)).collect())
        }
    })
}

fn filter(place: &Place<'_>) -> Option<LogFilter> {
    message(place, "envoy.config.accesslog.v3.AccessLogFilter", |m| {
        let (kind, place) = m.exactly_one_of(&[
            "status_code_filter",
            "and_filter",
            "or_filter",
            "extension_filter",
        ])?;
        match kind {
            "status_code_filter" => status_code_filter(place),
            "and_filter" => filters(place).map(LogFilter::All),
            "or_filter" => filters(place).map(LogFilter::Any),
            _ => extension_filter(place),
        }
    })?
}

fn filters(place: &Place<'_>) -> Option<Vec<LogFilter>> {
    message(
        place,
        "envoy.config.accesslog.v3.AndFilter or OrFilter",
        |m| {
            let filters = m.each("filters", filter);
            if filters.len() < 2 {
                m.problem("filters needs two filters at least");
            }
            filters
        },
    )
}

const COMPARISONS: &[Choice<Comparison>] = &[
    choice("EQ", 0, Comparison::Equal),
    choice("GE", 1, Comparison::AtLeast),
    choice("LE", 2, Comparison::AtMost),
    choice("NE", 3, Comparison::NotEqual),
];

fn status_code_filter(place: &Place<'_>) -> Option<LogFilter> {
    message(place, "envoy.config.accesslog.v3.StatusCodeFilter", |m| {
        message(
            m.required("comparison")?,
            "envoy.config.accesslog.v3.ComparisonFilter",
            |m| {
                let comparison = m.choice_or("op", COMPARISONS, Comparison::Equal);
                let value = message(
                    m.required("value")?,
                    "envoy.config.core.v3.RuntimeUInt32",
                    |m| m.u32("default_value").unwrap_or(0),
                )?;
                Some(LogFilter::Compare(
                    Term::Attribute(cel::RESPONSE_CODE),
                    comparison,
                    Term::Number(value.into()),
                ))
            },
        )?
    })?
}

fn extension_filter(place: &Place<'_>) -> Option<LogFilter> {
    const CEL: &str = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter";
    let name = "envoy.config.accesslog.v3.ExtensionFilter";
    let any: Any<'_> = message(place, name, extension)??;
    if any.type_name != CEL {
        return any.unknown("access log filter", &[CEL]);
    }
    any.message(CEL, |m| {
        let place = m.required("expression")?;
        let parsed = cel::parse(place.text()?);
        parsed.map_err(|reason| place.problem(reason)).ok()
    })?
}
