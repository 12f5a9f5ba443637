//! What comes of random numbers: it is another in each run, in Envoy too.
//!
//! A case that differs is played in the harness with other random numbers. What is then not the
//! same says nothing about Envoy, and is left out: values by their names, as `ports` of `ports=63`;
//! whole lines, where there are more or fewer values in them.

use std::collections::BTreeSet;

use super::observed::Observed;

/// Names of what comes of random numbers.
#[derive(Debug, Default)]
pub(super) struct Random {
    values: BTreeSet<String>,
    lines: BTreeSet<String>,
}

impl Random {
    /// Learns from two runs that have nothing but their random numbers to differ in.
    pub(super) fn learn(&mut self, one: &Observed, other: &Observed) {
        for (subject, lines) in one {
            let Some(others) = other.get(subject) else {
                continue;
            };
            for (line, other) in lines.iter().zip(others) {
                self.learn_line(line, other);
            }
        }
    }

    fn learn_line(&mut self, one: &str, other: &str) {
        if one == other {
            return;
        }
        let (values, others) = (values(one), values(other));
        let names = |values: &[(&str, &str)]| -> Vec<String> {
            values.iter().map(|(name, _)| (*name).to_owned()).collect()
        };
        if names(&values) != names(&others) {
            self.lines.insert(line_name(one));
            return;
        }
        let pairs = values.iter().zip(&others);
        let differing = pairs.filter(|(value, other)| value != other);
        self.values
            .extend(differing.map(|((name, _), _)| (*name).to_owned()));
    }

    /// A line without what comes of random numbers; the second says how much that was.
    pub(super) fn strip(&self, line: &str) -> (String, usize) {
        if self.lines.contains(&line_name(line)) {
            return (format!("{} …", line_name(line)), 1);
        }
        let mut stripped = String::new();
        let mut count = 0;
        for Word {
            name,
            value,
            text,
            end,
        } in words(line)
        {
            if !value.is_empty() && self.values.contains(name) {
                stripped.push_str(text.strip_suffix(value).unwrap_or_default());
                stripped.push('…');
                count += 1;
            } else {
                stripped.push_str(text);
            }
            stripped.push_str(end);
        }
        (stripped, count)
    }

    /// Nothing comes of random numbers.
    pub(super) fn is_none(&self) -> bool {
        self.values.is_empty() && self.lines.is_empty()
    }
}

/// A word of a line: `1` of `a=1` has the name `a`, a word without `=` that of the word before.
struct Word<'a> {
    name: &'a str,
    value: &'a str,
    text: &'a str,
    /// What stands behind it.
    end: &'a str,
}

fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    const ENDS: [char; 6] = [' ', ',', ';', '(', ')', '"'];
    let mut before = "";
    line.split_inclusive(ENDS).map(move |piece| {
        let text = piece.trim_end_matches(ENDS);
        let (name, value) = text.split_once('=').unwrap_or((before, text));
        if !text.is_empty() {
            before = text;
        }
        let end = piece.strip_prefix(text).unwrap_or_default();
        Word {
            name,
            value,
            text,
            end,
        }
    })
}

/// Values of a line by name.
fn values(line: &str) -> Vec<(&str, &str)> {
    let named = words(line).filter(|word| !word.value.is_empty());
    named.map(|word| (word.name, word.value)).collect()
}

/// The beginning of a line: up to its first value.
fn line_name(line: &str) -> String {
    let end = line.find(['=', '"']).or_else(|| line.find(' '));
    line.get(..end.unwrap_or(line.len()))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn values_that_vary_are_left_out_by_name() {
        let mut random = Random::default();
        random.learn_line("kind=a, ports=63, hosts=1", "kind=a, ports=64, hosts=1");
        random.learn_line("full_total 879", "full_total 908");
        let strip = |line: &str| random.strip(line);
        assert_eq!(
            strip("x: kind=b, ports=7, hosts=7"),
            ("x: kind=b, ports=…, hosts=7".to_owned(), 1)
        );
        assert_eq!(strip("full_total 1"), ("full_total …".to_owned(), 1));
        assert_eq!(strip("other_total 1"), ("other_total 1".to_owned(), 0));
    }

    #[test]
    fn lines_with_other_values_are_left_out_whole() {
        let mut random = Random::default();
        random.learn_line("state s: \"\"", "state s: \"kind=a\"");
        assert_eq!(
            random.strip("state s: \"kind=b\""),
            ("state s:  …".to_owned(), 1)
        );
        assert_eq!(random.strip("state t: \"\"").1, 0);
        assert!(!random.is_none());
    }
}
