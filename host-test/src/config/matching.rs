//! Patterns for texts and headers.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// `envoy.type.matcher.v3.StringMatcher`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringMatch {
    /// What the text must be like.
    pub test: StringTest,
    /// Letters of ASCII match whatever their case; no effect on a regular expression.
    pub ignore_case: bool,
}

/// What a text must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringTest {
    /// It is this one.
    Exact(String),
    /// It begins so.
    Prefix(String),
    /// It ends so.
    Suffix(String),
    /// It contains this.
    Contains(String),
    /// All of it matches this.
    Regex(Pattern),
}

/// A regular expression that the whole of a text must match.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles `text`. Envoy's RE2 and the expressions here are the same but for corners of
    /// their syntax; neither looks around or back. Fails with a reason of one line.
    pub fn new(text: &str) -> Result<Self, String> {
        let compiled = RegexBuilder::new(&format!("^(?:{text})$"))
            .size_limit(1 << 20)
            .build();
        let regex = compiled.map_err(|error| {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })?;
        Ok(Self {
            text: text.to_owned(),
            regex,
        })
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.text)
    }
}

impl StringMatch {
    /// Whether `text` matches.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> bool {
        if !self.ignore_case {
            return self.test.matches(text);
        }
        let test = match &self.test {
            StringTest::Exact(pattern) => StringTest::Exact(pattern.to_ascii_lowercase()),
            StringTest::Prefix(pattern) => StringTest::Prefix(pattern.to_ascii_lowercase()),
            StringTest::Suffix(pattern) => StringTest::Suffix(pattern.to_ascii_lowercase()),
            StringTest::Contains(pattern) => StringTest::Contains(pattern.to_ascii_lowercase()),
            StringTest::Regex(pattern) => return pattern.matches(text),
        };
        test.matches(&text.to_ascii_lowercase())
    }
}

impl StringTest {
    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(pattern) => text == pattern.as_bytes(),
            Self::Prefix(pattern) => text.starts_with(pattern.as_bytes()),
            Self::Suffix(pattern) => text.ends_with(pattern.as_bytes()),
            Self::Contains(pattern) => {
                pattern.is_empty()
                    || text
                        .windows(pattern.len())
                        .any(|at| at == pattern.as_bytes())
            }
            Self::Regex(pattern) => pattern.matches(text),
        }
    }
}

/// `envoy.config.route.v3.HeaderMatcher`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    /// The header, in lower case.
    pub name: String,
    /// What is asked of it.
    pub test: HeaderTest,
    /// The answer is turned round.
    pub invert: bool,
    /// A header that is absent is taken for an empty one.
    pub treat_missing_as_empty: bool,
}

/// What is asked of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderTest {
    /// Whether there is one, or none.
    Present(bool),
    /// What its value is like; several of one name are joined by commas.
    Value(StringMatch),
    /// Its value is a whole number, at least the first and less than the second.
    Range(i64, i64),
}

impl HeaderMatch {
    /// Whether it matches, given the value of the header: those of one name joined by commas.
    #[must_use]
    pub fn matches(&self, value: Option<&[u8]>) -> bool {
        let value = match value {
            None if self.treat_missing_as_empty => Some(b"".as_slice()),
            other => other,
        };
        let found = match (&self.test, value) {
            (HeaderTest::Present(wanted), value) => value.is_some() == *wanted,
            // Not even an inverted test matches what is not there.
            (_, None) => return false,
            (HeaderTest::Value(test), Some(value)) => test.matches(value),
            (HeaderTest::Range(from, to), Some(value)) => std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok())
                .is_some_and(|number: i64| (*from..*to).contains(&number)),
        };
        found != self.invert
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(test: StringTest, ignore_case: bool) -> StringMatch {
        StringMatch { test, ignore_case }
    }

    #[test]
    fn texts_match_in_whole_or_in_part() {
        for (test, good, bad) in [
            (StringTest::Exact("ab".into()), "ab", "abc"),
            (StringTest::Prefix("ab".into()), "abc", "cab"),
            (StringTest::Suffix("ab".into()), "cab", "abc"),
            (StringTest::Contains("ab".into()), "cabc", "acb"),
        ] {
            assert!(string(test.clone(), false).matches(good.as_bytes()));
            assert!(!string(test.clone(), false).matches(bad.as_bytes()));
            let upper = good.to_uppercase();
            assert!(!string(test.clone(), false).matches(upper.as_bytes()));
            assert!(string(test, true).matches(upper.as_bytes()));
        }
        assert!(string(StringTest::Contains(String::new()), false).matches(b""));
    }

    #[test]
    fn a_regular_expression_matches_the_whole_text() {
        let matches = |pattern: &str, text: &str| {
            let test = StringTest::Regex(Pattern::new(pattern).unwrap());
            string(test, false).matches(text.as_bytes())
        };
        assert!(matches("a|bc", "bc"));
        assert!(!matches("a|bc", "ac"));
        assert!(!matches("a", "ab"));
        assert!(matches("(?i)A.c", "aBC"));
        assert_eq!(
            Pattern::new("a(?=b)").unwrap_err(),
            "look-around, including look-ahead and look-behind, is not supported"
        );
    }

    #[test]
    fn an_absent_header_matches_nothing_but_its_absence() {
        let of = |test, invert, treat_missing_as_empty| HeaderMatch {
            name: "a".into(),
            test,
            invert,
            treat_missing_as_empty,
        };
        let exact = |text: &str| HeaderTest::Value(string(StringTest::Exact(text.into()), false));
        assert!(!of(exact("x"), false, false).matches(None));
        assert!(!of(exact("x"), true, false).matches(None));
        assert!(of(exact("x"), true, true).matches(None));
        assert!(of(exact(""), false, true).matches(None));
        assert!(of(exact("x"), false, false).matches(Some(b"x")));
        assert!(of(HeaderTest::Present(false), false, false).matches(None));
        assert!(of(HeaderTest::Present(true), true, false).matches(None));
        assert!(of(HeaderTest::Range(-1, 5), false, false).matches(Some(b"-1")));
        assert!(!of(HeaderTest::Range(-1, 5), false, false).matches(Some(b"5")));
        assert!(!of(HeaderTest::Range(-1, 5), false, false).matches(Some(b"x")));
    }
}
