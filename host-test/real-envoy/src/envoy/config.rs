//! The text of a configuration on its way to Envoy: substitutions and ports.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::ports::PortMap;

/// Replaces every `from` by `to`. Fails when `from` does not occur.
pub(crate) fn replace(text: &str, from: &str, to: &str) -> Result<String> {
    if from.is_empty() || !text.contains(from) {
        bail!("the configuration has no {from:?} to replace");
    }
    Ok(text.replace(from, to))
}

/// The distinct ports of `text`: every `port_value: N` but 0.
pub(crate) fn ports(text: &str) -> BTreeSet<u16> {
    port_values(text).map(|(_, port)| port).collect()
}

/// The text with the real ports of `map` in place of its own.
pub(crate) fn with_ports(text: &str, map: &PortMap) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, port) in port_values(text) {
        if let Some(real) = map.get(port) {
            out.push_str(&text[done..at]);
            out.push_str(&real.to_string());
            done = at + port.to_string().len();
        }
    }
    out.push_str(&text[done..]);
    out
}

/// Where the number of each `port_value: N` starts, and the number; comments do not count.
fn port_values(text: &str) -> impl Iterator<Item = (usize, u16)> + '_ {
    text.match_indices(KEY).filter_map(move |(at, _)| {
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        if text[line_start..at].trim_start().starts_with('#') {
            return None;
        }
        let after = &text[at + KEY.len()..];
        let digits = after.trim_start_matches([' ', '"']);
        let start = at + KEY.len() + (after.len() - digits.len());
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        let port: u16 = digits[..end].parse().ok()?;
        // A number with leading zeros would not be found again by its length.
        (port != 0 && port.to_string().len() == end).then_some((start, port))
    })
}

const KEY: &str = "port_value:";

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: { port_value: 80 }\n# port_value: 81\nb: {port_value: 443}\n\
                        c:\n  port_value: 80\nd: { port_value: 0 }\n";

    #[test]
    fn ports_are_found_once_each_without_zero_and_comments() {
        assert_eq!(ports(TEXT), BTreeSet::from([80, 443]));
    }

    #[test]
    fn every_occurrence_gets_the_same_real_port() {
        let mut map = PortMap::default();
        map.fix(80, 20_080);
        map.fix(443, 9);
        assert_eq!(
            with_ports(TEXT, &map),
            "a: { port_value: 20080 }\n# port_value: 81\nb: {port_value: 9}\n\
             c:\n  port_value: 20080\nd: { port_value: 0 }\n"
        );
    }

    #[test]
    fn a_port_without_a_stand_in_stays() {
        assert_eq!(with_ports(TEXT, &PortMap::default()), TEXT);
    }

    #[test]
    fn a_replacement_that_does_not_occur_is_an_error() {
        assert_eq!(replace("a b a", "a", "c").unwrap(), "c b c");
        assert_eq!(
            replace("a", "x: 1", "y").unwrap_err().to_string(),
            "the configuration has no \"x: 1\" to replace"
        );
    }
}
