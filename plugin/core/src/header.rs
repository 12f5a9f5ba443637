//! The value of `x-portscan`: a Dictionary of RFC 9651.

use alloc::string::String;

use crate::digits::Digits;
use crate::verdict::{Class, Verdict};

/// Longest value of the header, bytes: all fields at their largest.
pub const HEADER_LEN_MAX: usize = 320;

/// The value of the header for `verdict`.
///
/// ```text
/// kind=vertical, risk=87, class=malicious, ports=37, hosts=1, hits=41, first=@1790000000,
/// last=@1790000042, tags=(decoy ports), src=local
/// ```
/// (one line). Keys always come in this order; `actor="…"` follows `class=benign`.
pub fn render(verdict: &Verdict<'_>) -> String {
    let mut value = String::with_capacity(HEADER_LEN_MAX);
    let mut put = |parts: [&str; 2]| parts.iter().for_each(|part| value.push_str(part));
    put(["kind=", verdict.kind.name()]);
    put([", risk=", Digits::of(verdict.risk.into()).as_str()]);
    put([", class=", verdict.class.name()]);
    if let Class::Benign { actor } = verdict.class {
        // The policy admits only characters that need no escape.
        put([", actor=\"", actor]);
        put(["\"", ""]);
    }
    for (key, number) in [
        (", ports=", verdict.ports),
        (", hosts=", verdict.hosts),
        (", hits=", verdict.hits),
        (", first=@", verdict.first.unix_secs()),
        (", last=@", verdict.last.unix_secs()),
    ] {
        put([key, Digits::of(number).as_str()]);
    }
    put([", tags=", "("]);
    for (at, evidence) in verdict.tags.iter().enumerate() {
        put([if at == 0 { "" } else { " " }, evidence.name()]);
    }
    put([")", ""]);
    put([", src=", verdict.source()]);
    value
}

/// Whether `tag` is all of a value that [`render`] has made, not a part of it.
pub fn is_whole(tag: &[u8]) -> bool {
    tag.starts_with(b"kind=") && tag.ends_with(b", src=local")
}

/// Whether `tag`, a value as [`render`] makes it, tells of a source that is not benign and has at
/// least this risk.
pub fn is_at_least(tag: &[u8], risk: u8) -> bool {
    let mut members = tag.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let found = members
        .clone()
        .find_map(|member| member.strip_prefix(b"risk="));
    let digits = found.and_then(|digits| core::str::from_utf8(digits).ok());
    let is_benign = members.any(|member| member == b"class=benign");
    !is_benign
        && digits
            .and_then(|digits| digits.parse().ok())
            .is_some_and(|found: u8| found >= risk)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::{Evidence, EvidenceSet};
    use crate::time::Time;
    use crate::verdict::Kind;

    fn verdict(class: Class<'_>) -> Verdict<'_> {
        let mut tags = EvidenceSet::default();
        tags.insert(Evidence::Ports);
        tags.insert(Evidence::Decoy);
        Verdict {
            kind: Kind::Vertical,
            risk: 87,
            class,
            ports: 37,
            hosts: 1,
            hits: 41,
            first: Time::from_unix_secs(1_790_000_000),
            last: Time::from_unix_secs(1_790_000_042),
            expires: Time::from_unix_secs(1_790_604_842),
            tags,
            is_shared: false,
        }
    }

    #[test]
    fn the_keys_stand_in_the_order_of_the_contract() {
        assert_eq!(
            render(&verdict(Class::Malicious)),
            "kind=vertical, risk=87, class=malicious, ports=37, hosts=1, hits=41, \
             first=@1790000000, last=@1790000042, tags=(decoy ports), src=local"
        );
    }

    #[test]
    fn a_part_of_a_value_is_not_whole() {
        let value = render(&verdict(Class::Benign { actor: "censys" }));
        let value = value.as_bytes();
        assert!(is_whole(value));
        for cut in 1..value.len() {
            let (start, end) = value.split_at(cut);
            assert!(!is_whole(start) && !is_whole(end), "cut at {cut}");
        }
        assert!(!is_whole(b""));
    }

    #[test]
    fn a_declared_scanner_is_named_behind_its_class() {
        let value = render(&verdict(Class::Benign { actor: "censys" }));
        assert!(
            value.starts_with("kind=vertical, risk=87, class=benign, actor=\"censys\", ports=37")
        );
    }

    #[test]
    fn the_risk_can_be_read_back() {
        let value = render(&verdict(Class::Malicious));
        assert!(is_at_least(value.as_bytes(), 87));
        assert!(!is_at_least(value.as_bytes(), 88));
        let benign = render(&verdict(Class::Benign { actor: "censys" }));
        assert!(!is_at_least(benign.as_bytes(), 1));
        assert!(!is_at_least(b"", 1));
    }

    proptest! {
        #[test]
        fn a_value_is_short_and_printable(risk in 0u8..=100, ports: u32, hosts: u32, hits: u32, first: u32, last: u32, tags: u16) {
            let value = render(&Verdict {
                risk, ports, hosts, hits,
                first: Time::from_unix_secs(first),
                last: Time::from_unix_secs(last),
                tags: EvidenceSet::from_bits(tags),
                ..verdict(Class::Benign { actor: "a23456789.b23456789_c23456789-32" })
            });
            prop_assert!(value.len() <= HEADER_LEN_MAX);
            prop_assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        }
    }
}
