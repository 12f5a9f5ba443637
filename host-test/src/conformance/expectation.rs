//! What a guest must report: lines, some of them only for some versions of Envoy.
//!
//! ```text
//! check an absent key: status=1 value=untouched
//! [1.36.4 1.37.0] check a newer call: status=12
//! [1.39.3 1.40.0] check a newer call: status=0
//! ```
//!
//! A line without versions is for all of them. Empty lines and those that start with `#` count for
//! nothing.

use std::fmt;

use similar::{ChangeTag, TextDiff};

/// A version of Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number, then the second and the third.
    pub numbers: [u16; 3],
}

impl Version {
    /// The version that this harness imitates: the newest that the set was measured with.
    pub const NEWEST: Self = Self {
        numbers: [1, 40, 0],
    };

    /// Reads `1.40.0`; `None` when `text` is not three numbers with dots between.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(Self { numbers })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third] = self.numbers;
        write!(f, "{first}.{second}.{third}")
    }
}

/// The lines of `text` that hold for `version`.
pub(super) fn lines(text: &str, version: Version) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| match versions(line) {
            Some((versions, rest)) => versions
                .split(' ')
                .any(|one| Version::parse(one) == Some(version))
                .then_some(rest),
            None => Some(line),
        })
        .collect()
}

/// The versions in brackets before a line, and the line.
fn versions(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('[')?.split_once("] ")
}

/// The text of expectations from which `lines` gives back what each version reported.
#[must_use]
pub fn merge(reports: &[(Version, Vec<String>)]) -> String {
    let mut merged: Vec<(String, Vec<Version>)> = Vec::new();
    for (version, lines) in reports {
        let known: Vec<&str> = merged.iter().map(|(line, _)| line.as_str()).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let diff = TextDiff::from_slices(&known, &lines);
        let mut before = merged.iter();
        let mut next = Vec::with_capacity(merged.len());
        for change in diff.iter_all_changes() {
            let mut versions = match change.tag() {
                ChangeTag::Insert => Vec::new(),
                ChangeTag::Equal | ChangeTag::Delete => before
                    .next()
                    .map(|(_, versions)| versions.clone())
                    .unwrap_or_default(),
            };
            if change.tag() != ChangeTag::Delete {
                versions.push(*version);
            }
            next.push((change.value().to_owned(), versions));
        }
        merged = next;
    }
    let mut out = String::new();
    for (line, mut versions) in merged {
        if versions.len() != reports.len() {
            versions.sort_unstable();
            let names: Vec<_> = versions.iter().map(ToString::to_string).collect();
            out.push_str(&format!("[{}] ", names.join(" ")));
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Reported lines that differ from the expected ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    guest: &'static str,
    failed: Vec<usize>,
    diff: String,
}

impl Mismatch {
    /// The expected lines that were not reported where they belong, by their number from 0.
    #[must_use]
    pub fn failed(&self) -> &[usize] {
        &self.failed
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: not what Envoy makes it report (- Envoy, + here)",
            self.guest
        )?;
        f.write_str(&self.diff)
    }
}

impl std::error::Error for Mismatch {}

pub(super) fn compare(
    guest: &'static str,
    expected: &[&str],
    reported: &[String],
) -> Result<(), Mismatch> {
    let reported: Vec<&str> = reported.iter().map(String::as_str).collect();
    if expected == reported {
        return Ok(());
    }
    let mut diff = String::new();
    let mut failed = Vec::new();
    for change in TextDiff::from_slices(expected, &reported).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => {
                failed.extend(change.old_index());
                '-'
            }
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        diff.push_str(&format!("  {sign} {}\n", change.value()));
    }
    Err(Mismatch {
        guest,
        failed,
        diff,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn a_line_with_versions_is_for_them_alone() {
        let text = "# why\n\na\n[1.36.4 1.37.0] b\n[1.40.0] c\n";
        assert_eq!(lines(text, version("1.37.0")), ["a", "b"]);
        assert_eq!(lines(text, version("1.40.0")), ["a", "c"]);
        assert_eq!(lines(text, version("1.39.3")), ["a"]);
    }

    #[test]
    fn versions_are_three_numbers() {
        assert!(version("1.9.0") < version("1.10.0"));
        for text in ["", "1.2", "1.2.3.4", "1.2.x", "1..2"] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn merged_reports_read_back() {
        let report = |name: &str, lines: &[&str]| {
            let lines = lines.iter().map(|line| (*line).to_owned()).collect();
            (version(name), lines)
        };
        let reports: [(Version, Vec<String>); 3] = [
            report("1.40.0", &["a", "b", "c", "c"]),
            report("1.39.3", &["a", "x", "c", "d"]),
            report("1.36.4", &["b", "c", "c", "a"]),
        ];
        let text = merge(&reports);
        for (version, expected) in &reports {
            assert_eq!(lines(&text, *version), *expected, "{text}");
        }
    }

    #[test]
    fn a_mismatch_names_the_lines_that_are_missing() {
        let reported = ["a".to_owned(), "c".to_owned()];
        let mismatch = compare("guest", &["a", "b", "c"], &reported).unwrap_err();
        assert_eq!(mismatch.failed(), [1]);
        assert!(mismatch.to_string().contains("\n  - b\n"), "{mismatch}");
    }
}
