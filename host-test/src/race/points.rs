//! At which host calls workers are switched.

use std::collections::BTreeSet;

use crate::abi::HostCall;
use crate::hook::CallInfo;

/// The host calls before which another worker may go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Points {
    pub(super) calls: BTreeSet<HostCall>,
    /// Patterns of keys; none of them: any key.
    pub(super) keys: Vec<String>,
}

impl Points {
    /// Whether this call is one.
    pub(super) fn contain(&self, call: &CallInfo) -> bool {
        let is_key = |pattern: &String| matches(pattern.as_bytes(), &call.key);
        self.calls.contains(&call.call) && (self.keys.is_empty() || self.keys.iter().any(is_key))
    }
}

/// Whether `text` is like `pattern`, in which `*` stands for any bytes.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&[u8]> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    // The leftmost place for each part leaves most for the next ones.
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let Some(at) = rest.windows(part.len()).position(|window| window == part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_bytes() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*", "ab", true),
            ("a*", "ba", false),
            ("*b", "ab", true),
            ("*b", "ba", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "ace", true),
            ("a*c*e", "aec", false),
            ("a*a", "a", false),
            ("*b*", "abc", true),
            ("*/sources-*", "portscan/1/sources-65536/1f", true),
        ];
        for (pattern, text, expected) in cases {
            let found = matches(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, expected, "{pattern:?} {text:?}");
        }
    }
}
