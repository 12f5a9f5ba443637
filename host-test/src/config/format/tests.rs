//! Each expectation was seen in an access log of Envoy 1.40.0.

use std::{borrow::Cow, net::SocketAddr};

use serde_json::{Value, json};

use super::*;

/// A request of HTTP/1.1 that was answered directly.
struct Request;

impl Attributes for Request {
    fn start_nanos(&self) -> u64 {
        1_795_303_809_423_834_000
    }

    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        match endpoint {
            Endpoint::Remote => "127.0.0.1:56470".parse().ok(),
            Endpoint::DirectRemote => "[::1]:5".parse().ok(),
            Endpoint::Local => "127.0.0.1:23456".parse().ok(),
            Endpoint::Upstream => None,
        }
    }

    fn request_header(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        match name {
            ":path" => Some(Cow::Borrowed(b"/p?a=1")),
            "a" => Some(Cow::Borrowed(b"b\"c\\\xe9")),
            _ => None,
        }
    }

    fn response_header(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        (name == ":status").then_some(Cow::Borrowed(b"200"))
    }

    fn response_trailer(&self, _name: &str) -> Option<Cow<'_, [u8]>> {
        None
    }

    fn filter_state(&self, key: &str) -> Option<Cow<'_, [u8]>> {
        match key {
            "wasm.portscan" => Some(Cow::Borrowed(b"kind=probe")),
            "wasm.empty" => Some(Cow::Borrowed(b"")),
            _ => None,
        }
    }

    fn dynamic_metadata(&self, namespace: &str, path: &[String]) -> Option<Value> {
        (namespace == "n" && path == ["k"]).then(|| json!("text"))
    }

    fn number(&self, number: Number) -> Option<u64> {
        (number == Number::ResponseCode).then_some(200)
    }

    fn text(&self, text: Text) -> Option<Cow<'_, str>> {
        (text == Text::Protocol).then_some(Cow::Borrowed("HTTP/1.1"))
    }
}

#[track_caller]
fn check(format: &str, text: &str, json: Value) {
    let format = Format::parse(format).unwrap();
    let rendered = format.render(&Request, WhenAbsent::Dash);
    assert_eq!(String::from_utf8_lossy(&rendered), text, "{format}");
    assert_eq!(
        format.render_json(&Request, WhenAbsent::Dash),
        json,
        "{format}"
    );
}

#[test]
fn one_command_alone_keeps_its_type_in_json() {
    check("%RESPONSE_CODE%", "200", json!(200));
    check("x%RESPONSE_CODE%", "x200", json!("x200"));
    check(
        "%PROTOCOL%%RESPONSE_CODE%",
        "HTTP/1.1200",
        json!("HTTP/1.1200"),
    );
    check("%DOWNSTREAM_LOCAL_PORT%", "23456", json!(23456));
    check("%RESP(:STATUS)%", "200", json!("200"));
}

#[test]
fn what_is_absent_is_a_dash_in_text_and_null_in_json() {
    check("%UPSTREAM_HOST%", "-", Value::Null);
    check("x%REQ(NONE)%", "x-", json!("x-"));
    check("%REQ(NONE)%%TRAILER(NONE)%", "--", json!("--"));
    check("%FILTER_STATE(wasm.empty:PLAIN)%", "", json!(""));
    let format = Format::parse("x%REQ(NONE)%").unwrap();
    assert_eq!(format.render(&Request, WhenAbsent::Nothing), b"x");
    assert_eq!(
        format.render_json(&Request, WhenAbsent::Nothing),
        json!("x")
    );
}

#[test]
fn literals_and_doubled_percent_signs_stand_for_themselves() {
    check("", "", json!(""));
    check(
        "100%% %%PROTOCOL%%",
        "100% %PROTOCOL%",
        json!("100% %PROTOCOL%"),
    );
}

#[test]
fn addresses_are_whole_or_in_parts() {
    check(
        "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
        "[::1]:5 ::1",
        json!("[::1]:5 ::1"),
    );
    check(
        "%DOWNSTREAM_REMOTE_ADDRESS%",
        "127.0.0.1:56470",
        json!("127.0.0.1:56470"),
    );
}

#[test]
fn headers_have_alternatives_and_lengths() {
    check("%REQ(X-NONE?:PATH)%", "/p?a=1", json!("/p?a=1"));
    check("%REQUEST_HEADER(X-NONE?:PATH):2%", "/p", json!("/p"));
    check("%REQ(:Path):0%", "", json!(""));
    check("%REQ(?:path)%", "/p?a=1", json!("/p?a=1"));
}

#[test]
fn bytes_that_are_no_utf_8_become_characters_in_json() {
    let format = Format::parse("%REQ(A)%").unwrap();
    assert_eq!(format.render(&Request, WhenAbsent::Dash), b"b\"c\\\xe9");
    assert_eq!(
        format.render_json(&Request, WhenAbsent::Dash),
        json!("b\"c\\\u{e9}")
    );
}

#[test]
fn filter_state_is_plain_or_typed() {
    check(
        "%FILTER_STATE(wasm.portscan:PLAIN)%",
        "kind=probe",
        json!("kind=probe"),
    );
    check(
        "%FILTER_STATE(wasm.portscan:PLAIN):4%",
        "kind",
        json!("kind"),
    );
    let any = json!({
        "@type": "type.googleapis.com/google.protobuf.BytesValue",
        "value": "a2luZD1wcm9iZQ==",
    });
    check(
        "%FILTER_STATE(wasm.portscan)%",
        &any.to_string(),
        any.clone(),
    );
    check("%FILTER_STATE(wasm.portscan:TYPED)%", &any.to_string(), any);
    check("%FILTER_STATE(none)%", "-", Value::Null);
}

#[test]
fn metadata_of_text_stand_without_quotes() {
    check("%DYNAMIC_METADATA(n:k)%", "text", json!("text"));
    check("%DYNAMIC_METADATA(n:other)%", "-", Value::Null);
}

#[test]
fn moments_are_written_as_told() {
    for (format, text) in [
        ("%START_TIME%", "2026-11-21T23:30:09.423Z"),
        ("%START_TIME()%", "2026-11-21T23:30:09.423Z"),
        ("%START_TIME(%s.%3f)%", "1795303809.423"),
        (
            "%START_TIME(%Y|%f|%9f|%E3S|%T|%Z|%z|%a|%b|%e|%j|%y|%I|%p|%3f|%1f|%%|%E6S|%F %R)%",
            "2026|423834000|423834000|09.423|23:30:09|UTC|+0000|Sat|Nov|21|325|26|11|PM|423|4|%\
             |09.423834|2026-11-21 23:30",
        ),
    ] {
        check(format, text, json!(text));
    }
}

#[test]
fn months_and_leap_years_come_out_right() {
    let format = TimeFormat::parse("%F %a %j %I%p").unwrap();
    for (epoch_secs, text) in [
        (0, "1970-01-01 Thu 001 12AM"),
        (951_782_400, "2000-02-29 Tue 060 12AM"),
        (951_868_800 - 1, "2000-02-29 Tue 060 11PM"),
        (1_735_646_400, "2024-12-31 Tue 366 12PM"),
        (4_107_542_400, "2100-03-01 Mon 060 12AM"),
    ] {
        assert_eq!(format.render(epoch_secs * 1_000_000_000), text);
    }
    assert!(format.render(u64::MAX).starts_with("2554-07-21"));
}

/// Each text is refused by `envoy --mode validate` too, but for those that the harness leaves out.
#[test]
fn what_is_no_format_is_refused_with_a_reason() {
    for (format, reason) in [
        ("100%", "no command at byte 3"),
        ("%%%", "no command at byte 2"),
        ("a%b%c", "no command at byte 1"),
        ("%req(a)%", "no command at byte 0"),
        ("%REQ(A) %", "no command at byte 0"),
        ("%REQ(A):x%", "no command at byte 0"),
        ("%REQ(A):+1%", "no command at byte 0"),
        ("%REQ(A):%", "no command at byte 0"),
        ("%REQ(a)%)%", "no command at byte 9"),
        ("%REQ(a\n)%", "no command at byte 0"),
        ("%REQ(a):99999999999999999999999%", "no command at byte 0"),
        ("%FILTER_STATE(a:PLAIN%", "no command at byte 0"),
        ("%BYTES-SENT%", "no command at byte 0"),
        ("%FOO%", "unknown command FOO: known are ACCESS_LOG_TYPE, "),
        ("%COALESCE({})%", "unknown command COALESCE: "),
        ("%REQ%", "REQ needs parameters"),
        ("%RESP()%", "RESP needs parameters"),
        ("%REQ(A?B?C)%", "\"A?B?C\" names more than one alternative"),
        ("%REQ(A:5)%", "\"A:5\" is not the name of a header"),
        ("%REQ(a b)%", "\"a b\" is not the name of a header"),
        (
            "%PROTOCOL:5%",
            "PROTOCOL takes neither parameters nor a length",
        ),
        (
            "%PROTOCOL(a)%",
            "PROTOCOL takes neither parameters nor a length",
        ),
        ("%START_TIME:5%", "START_TIME takes no length"),
        (
            "%START_TIME(%Q)%",
            "unknown time format \"%Q\": known are %Y, ",
        ),
        ("%START_TIME(%E0S)%", "unknown time format \"%E0S\": "),
        ("%FILTER_STATE%", "FILTER_STATE needs parameters"),
        ("%FILTER_STATE(:PLAIN)%", "FILTER_STATE needs parameters"),
        (
            "%FILTER_STATE(a:plain)%",
            "FILTER_STATE(a:plain): expected KEY, KEY:PLAIN or KEY:TYPED",
        ),
        (
            "%FILTER_STATE(a:PLAIN:b)%",
            "FILTER_STATE(a:PLAIN:b): expected ",
        ),
        ("%DYNAMIC_METADATA()%", "DYNAMIC_METADATA needs parameters"),
    ] {
        let found = Format::parse(format).unwrap_err().to_string();
        assert!(found.starts_with(reason), "{format}: {found}");
    }
}
