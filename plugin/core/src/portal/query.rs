//! The parameters behind the question mark.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::refusal::{Refusal, shown};

/// Parameters, each once, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    parameters: Vec<(String, String)>,
}

/// Most parameters that are read.
const PARAMETERS_MAX: usize = 32;

impl Query {
    pub(super) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in text.split(|byte| *byte == b'&') {
            if pair.is_empty() {
                continue;
            }
            if parameters.len() >= PARAMETERS_MAX {
                let detail = format!("at most {PARAMETERS_MAX} parameters are read");
                return Err(Refusal::bad_request(detail));
            }
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(parts.next().unwrap_or_default(), "parameter")?;
            let value = decoded(parts.next().unwrap_or_default(), &name)?;
            if parameters.iter().any(|(known, _)| *known == name) {
                let detail = format!("parameter {} stands more than once", shown(&name));
                return Err(Refusal::bad_request(detail));
            }
            parameters.push((name, value));
        }
        Ok(Self { parameters })
    }

    /// The value of `name`, none where it is absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A whole number from `min` to `max`.
    pub(super) fn whole(&self, name: &str, min: u32, max: u32) -> Result<Option<u32>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text
            .parse()
            .ok()
            .filter(|number| is_plain && (min..=max).contains(number));
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(not_allowed(
                name,
                text,
                &format!("a whole number from {min} to {max}"),
            )),
        }
    }

    /// True or false.
    pub(super) fn truth(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false" | "0" | "") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(not_allowed(name, other, "true or false")),
        }
    }

    /// A list of words behind commas; `read` makes something of each, what it does not know is not
    /// `allowed`.
    pub(super) fn words<T>(
        &self,
        name: &str,
        allowed: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let words = text.split(',').map(|word| {
            read(word).ok_or_else(|| {
                let one_of = format!("{}, or several of them behind commas", allowed.join(", "));
                not_allowed(name, word, &one_of)
            })
        });
        words.collect::<Result<_, _>>().map(Some)
    }

    /// Refuses every parameter but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let is_unknown = |(name, _): &&(String, String)| !known.contains(&name.as_str());
        let Some((name, _)) = self.parameters.iter().find(is_unknown) else {
            return Ok(());
        };
        let allowed = match known {
            [] => String::from("there are none here"),
            known => format!("those here are {}", known.join(", ")),
        };
        let detail = format!("parameter {} is unknown: {allowed}", shown(name));
        Err(Refusal::bad_request(detail))
    }
}

pub(super) fn not_allowed(name: &str, found: &str, allowed: &str) -> Refusal {
    let detail = format!("parameter {name} is {}: must be {allowed}", shown(found));
    Refusal::bad_request(detail)
}

/// `text` without its escapes (RFC 3986 section 2.1); `place` is said when one is broken.
pub(super) fn decoded(text: &[u8], place: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let mut nibble = || {
            rest.next()
                .and_then(|digit| char::from(*digit).to_digit(16))
        };
        let (Some(high), Some(low)) = (nibble(), nibble()) else {
            let detail = format!("{}: a % must stand before two hex digits", shown(place));
            return Err(Refusal::bad_request(detail));
        };
        bytes.push(u8::try_from(high << 4 | low).unwrap_or(0));
    }
    String::from_utf8(bytes)
        .map_err(|_| Refusal::bad_request(format!("{}: is not UTF-8", shown(place))))
}
