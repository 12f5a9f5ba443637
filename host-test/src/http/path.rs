//! Paths as Envoy makes them before it looks for a route.

/// The path, cleaned as far as it is wanted. None for one that Envoy refuses.
pub(super) fn normalized(path: &[u8], dots: bool, slashes: bool) -> Option<Vec<u8>> {
    if path.contains(&b'#') {
        return None;
    }
    let query_at = path.iter().position(|byte| *byte == b'?');
    let (own, query) = path.split_at(query_at.unwrap_or(path.len()));
    let mut own = own.to_vec();
    if dots {
        own = without_dots(&own)?;
    }
    if slashes {
        own.dedup_by(|next, last| *next == b'/' && *last == b'/');
    }
    Some([&own, query].concat())
}

/// Takes `.` and `..` out (RFC 3986, section 5.2.4), after letters that need no `%` stand as
/// themselves; a backslash is a slash.
fn without_dots(path: &[u8]) -> Option<Vec<u8>> {
    let path = unescaped(path)?;
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut segments = path.split(|byte| *byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            b"." if is_last => parts.push(b""),
            b"." => {}
            b".." => {
                parts.pop();
                if is_last {
                    parts.push(b"");
                }
            }
            segment => parts.push(segment),
        }
    }
    Some([b"/", &parts.join(&b'/')[..]].concat())
}

fn unescaped(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = path;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => out.push(b'/'),
            b'%' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                let code = u8::from_str_radix(digits, 16).ok()?;
                rest = rest.get(2..)?;
                if code == 0 {
                    return None;
                }
                if code.is_ascii_alphanumeric() || b"-._~".contains(&code) {
                    out.push(code);
                } else {
                    out.extend(format!("%{}", digits.to_ascii_uppercase()).into_bytes());
                }
            }
            byte => out.push(*byte),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::normalized;

    fn clean(path: &str) -> Option<String> {
        let path = normalized(path.as_bytes(), true, true)?;
        Some(String::from_utf8(path).unwrap())
    }

    #[test]
    fn dots_and_slashes_go() {
        for (path, wanted) in [
            ("/", "/"),
            ("/a/../b", "/b"),
            ("/a/./b/.", "/a/b/"),
            ("/a/..", "/"),
            ("/../../a", "/a"),
            ("//a///b", "/a/b"),
            ("/a%2e%2e/%41?x=../y", "/a../A?x=../y"),
            ("/%2e%2e/a%2fb", "/a%2Fb"),
            ("/a\\b", "/a/b"),
        ] {
            assert_eq!(clean(path).as_deref(), Some(wanted), "{path}");
        }
        assert_eq!(normalized(b"//a/..", false, false).unwrap(), b"//a/..");
    }

    #[test]
    fn fragments_and_broken_escapes_are_refused() {
        for path in ["/a#b", "/%", "/%4", "/%zz", "/%00"] {
            assert_eq!(clean(path), None, "{path}");
        }
    }
}
