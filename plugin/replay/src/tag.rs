//! What the value of the header says.

/// The members of a verdict that a replay reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// The shape of the scan.
    pub kind: String,
    /// 0 to 100.
    pub risk: u8,
    /// What to think of the source.
    pub class: String,
    /// Kinds of evidence.
    pub tags: Vec<String>,
    /// `local` or `network`.
    pub src: String,
}

impl Tag {
    /// Reads a value that the module wrote: a dictionary of tokens, numbers and one list of tokens.
    pub fn parse(value: &str) -> Self {
        let mut tag = Self::default();
        for member in value.split(", ") {
            let (key, value) = member.split_once('=').unwrap_or((member, ""));
            match key {
                "kind" => value.clone_into(&mut tag.kind),
                "class" => value.clone_into(&mut tag.class),
                "src" => value.clone_into(&mut tag.src),
                "risk" => tag.risk = value.parse().unwrap_or_default(),
                "tags" => {
                    let list = value.trim_matches(['(', ')']);
                    tag.tags = list.split_whitespace().map(str::to_owned).collect();
                }
                _ => {}
            }
        }
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_header_says_is_read() {
        let tag = Tag::parse(
            "kind=vertical, risk=87, class=malicious, ports=37, hosts=1, hits=41, \
             first=@1790000000, last=@1790000042, tags=(decoy ports), src=local",
        );
        assert_eq!((tag.kind.as_str(), tag.risk), ("vertical", 87));
        assert_eq!(
            (tag.class.as_str(), tag.src.as_str()),
            ("malicious", "local")
        );
        assert_eq!(tag.tags, ["decoy", "ports"]);
    }
}
