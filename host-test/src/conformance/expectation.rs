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

/// Reported lines that differ from the expected ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    guest: &'static str,
    failed: Vec<String>,
    diff: String,
}

impl Mismatch {
    /// The expected lines that were not reported where they belong.
    #[must_use]
    pub fn failed(&self) -> &[String] {
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
                failed.push(change.value().to_owned());
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
