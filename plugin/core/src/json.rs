//! JSON, written as it is sent.

use alloc::string::String;

use crate::digits::Digits;
use crate::time::Time;

/// One object in the making.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    is_first: bool,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self {
            out,
            is_first: true,
        }
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.out.push('}');
    }

    /// The next member, whose value the caller writes.
    pub(crate) fn member(&mut self, name: &str) -> &mut String {
        if !core::mem::take(&mut self.is_first) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        quote(self.member(name), value);
    }

    pub(crate) fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.member(name).push_str("null"),
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: u32) {
        self.member(name).push_str(Digits::of(value).as_str());
    }

    pub(crate) fn number_or_null(&mut self, name: &str, value: Option<u32>) {
        match value {
            Some(value) => self.number(name, value),
            None => self.member(name).push_str("null"),
        }
    }

    pub(crate) fn truth(&mut self, name: &str, value: bool) {
        self.member(name)
            .push_str(if value { "true" } else { "false" });
    }

    pub(crate) fn time(&mut self, name: &str, value: Time) {
        let out = self.member(name);
        out.push('"');
        out.push_str(value.rfc3339().as_str());
        out.push('"');
    }

    /// A list; `write` writes each of `values`.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        values: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut String, T),
    ) {
        let out = self.member(name);
        out.push('[');
        for (at, value) in values.enumerate() {
            if at > 0 {
                out.push(',');
            }
            write(out, value);
        }
        out.push(']');
    }
}

/// Writes `text` as a string (RFC 8259 section 7).
pub(crate) fn quote(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..'\u{20}' => {
                let code = u32::from(character);
                out.push_str("\\u00");
                for nibble in [code >> 4, code & 0xf] {
                    let digit = usize::try_from(nibble).ok().and_then(|at| HEX.get(at));
                    out.push(char::from(digit.copied().unwrap_or(b'0')));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_back(text: String) {
            let mut out = String::new();
            quote(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
