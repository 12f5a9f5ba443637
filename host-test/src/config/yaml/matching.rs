//! Patterns for texts and headers.

use super::{
    http::header_name,
    message::{Message, message},
    place::Place,
};
use crate::config::{HeaderMatch, HeaderTest, Pattern, StringMatch, StringTest};

/// A `StringMatcher`.
pub(super) fn string_match(place: &Place<'_>) -> Option<StringMatch> {
    message(place, "envoy.type.matcher.v3.StringMatcher", |m| {
        let ignore_case = m.boolean_or("ignore_case", false);
        let kinds = &["exact", "prefix", "suffix", "contains", "safe_regex"];
        let (kind, place) = m.exactly_one_of(kinds)?;
        if kind == "safe_regex" {
            if ignore_case {
                m.problem("ignore_case has no effect on safe_regex: write (?i) in front of it");
            }
            let test = StringTest::Regex(pattern(place)?);
            return Some(StringMatch { test, ignore_case });
        }
        let text = place.text()?.to_owned();
        if text.is_empty() && kind != "exact" {
            place.problem("expected a text that is not empty");
        }
        let test = match kind {
            "exact" => StringTest::Exact(text),
            "prefix" => StringTest::Prefix(text),
            "suffix" => StringTest::Suffix(text),
            _ => StringTest::Contains(text),
        };
        Some(StringMatch { test, ignore_case })
    })?
}

/// A `RegexMatcher`.
pub(super) fn pattern(place: &Place<'_>) -> Option<Pattern> {
    message(place, "envoy.type.matcher.v3.RegexMatcher", |m| {
        if let Some(place) = m.get("google_re2") {
            message(
                place,
                "envoy.type.matcher.v3.RegexMatcher.GoogleRE2",
                |_| (),
            );
        }
        let text = m.required_text("regex");
        let compiled = Pattern::new(&text);
        compiled
            .map_err(|reason| m.problem(format!("{text:?} is no regular expression: {reason}")))
            .ok()
    })?
}

/// A `HeaderMatcher`.
pub(super) fn header_match(place: &Place<'_>) -> Option<HeaderMatch> {
    message(place, "envoy.config.route.v3.HeaderMatcher", |m| {
        let name = m.required("name").and_then(header_name);
        let test = header_test(m);
        let (invert, treat_missing_as_empty) = (
            m.boolean_or("invert_match", false),
            m.boolean_or("treat_missing_header_as_empty", false),
        );
        Some(HeaderMatch {
            name: name?,
            test: test?,
            invert,
            treat_missing_as_empty,
        })
    })?
}

fn header_test(m: &Message<'_>) -> Option<HeaderTest> {
    let exact = |test| {
        HeaderTest::Value(StringMatch {
            test,
            ignore_case: false,
        })
    };
    // Those that end with `_match` are the older form of `string_match`.
    let kinds = &[
        "string_match",
        "present_match",
        "range_match",
        "exact_match",
        "prefix_match",
        "suffix_match",
        "contains_match",
        "safe_regex_match",
    ];
    let Some((kind, place)) = m.one_of(kinds) else {
        return Some(HeaderTest::Present(true));
    };
    match kind {
        "string_match" => string_match(place).map(HeaderTest::Value),
        "present_match" => place.boolean().map(HeaderTest::Present),
        "range_match" => message(place, "envoy.type.v3.Int64Range", |m| {
            let bound = |key| {
                let place = m.one(key, |place| place.number(i64::MIN, i64::MAX));
                place.unwrap_or(0)
            };
            HeaderTest::Range(bound("start"), bound("end"))
        }),
        "safe_regex_match" => pattern(place).map(StringTest::Regex).map(exact),
        _ => {
            let text = place.text()?.to_owned();
            if text.is_empty() && kind != "exact_match" {
                place.problem("expected a text that is not empty");
            }
            Some(exact(match kind {
                "exact_match" => StringTest::Exact(text),
                "prefix_match" => StringTest::Prefix(text),
                "suffix_match" => StringTest::Suffix(text),
                _ => StringTest::Contains(text),
            }))
        }
    }
}
