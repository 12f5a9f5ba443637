//! Variables in texts: `${name}`, `${base + 2 * i}`, `${i:x}`; `$$` stands for one `$` before `{`.

use std::collections::BTreeMap;
use std::fmt;

use super::invalid::{one_of, similar_to};

/// Variables, those of an inner scope before those of the outer ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope<'a> {
    values: BTreeMap<String, String>,
    outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// An empty scope inside this one.
    pub(super) fn inner(&'a self) -> Self {
        Self {
            values: BTreeMap::new(),
            outer: Some(self),
        }
    }

    /// Gives a variable a value.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    fn get(&self, name: &str) -> Option<&str> {
        let here = self.values.get(name).map(String::as_str);
        here.or_else(|| self.outer.and_then(|outer| outer.get(name)))
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.values.keys().map(String::as_str).collect();
        names.extend(self.outer.map(Scope::names).unwrap_or_default());
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Puts the values of all expressions into a text.
pub(super) fn expand(text: &str, scope: &Scope<'_>) -> Result<String, InvalidExpression> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let (_, inside) = from.split_at("${".len());
        if let Some(escaped) = before.strip_suffix('$') {
            out.push_str(escaped);
            out.push_str("${");
            rest = inside;
            continue;
        }
        let Some((expression, after)) = inside.split_once('}') else {
            return Err(InvalidExpression::Open(from.to_owned()));
        };
        out.push_str(before);
        out.push_str(&value(expression, scope)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InvalidExpression {
    /// There is no `}`.
    Open(String),
    /// No variable has this name; those that there are.
    Unknown(String, Vec<String>),
    /// A variable with a text that is no number stands in a calculation.
    NoNumber(String, String),
    /// This is not understood.
    Syntax(String),
    /// A division by zero, or a number beyond 64 bits.
    Overflow(String),
}

impl fmt::Display for InvalidExpression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(text) => write!(
                out,
                "expected a closing }} after {text:?}; write $${{ for ${{"
            ),
            Self::Unknown(name, known) if known.is_empty() => {
                write!(out, "unknown variable {name:?}; there are none")
            }
            Self::Unknown(name, known) => {
                write!(
                    out,
                    "unknown variable {name:?}; expected one of {}",
                    one_of(known)
                )?;
                similar_to(out, name, known)
            }
            Self::NoNumber(name, value) => {
                write!(
                    out,
                    "expected a number in the variable {name:?} to calculate with, found {value:?}"
                )
            }
            Self::Syntax(text) => write!(
                out,
                "expected numbers, variables, + - * / % and parentheses in ${{{text}}}, at the end :x for hexadecimal"
            ),
            Self::Overflow(text) => write!(out, "${{{text}}} has no value within 64 bits"),
        }
    }
}

impl std::error::Error for InvalidExpression {}

fn value(expression: &str, scope: &Scope<'_>) -> Result<String, InvalidExpression> {
    let trimmed = expression.trim();
    if is_name(trimmed) {
        let unknown = || {
            let names = scope.names().into_iter().map(str::to_owned).collect();
            InvalidExpression::Unknown(trimmed.to_owned(), names)
        };
        return scope.get(trimmed).map(str::to_owned).ok_or_else(unknown);
    }
    let (calculation, hexadecimal) = match trimmed.strip_suffix(":x") {
        Some(calculation) => (calculation, true),
        None => (trimmed, false),
    };
    let mut parser = Parser {
        rest: calculation,
        whole: expression,
        depth: 0,
        scope,
    };
    let number = parser.sum()?;
    if !parser.rest.trim().is_empty() {
        return Err(InvalidExpression::Syntax(expression.to_owned()));
    }
    Ok(if hexadecimal {
        format!("{number:x}")
    } else {
        number.to_string()
    })
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Parser<'a> {
    rest: &'a str,
    whole: &'a str,
    depth: usize,
    scope: &'a Scope<'a>,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<i64, InvalidExpression> {
        let mut total = self.product()?;
        loop {
            let result = match self.operator(&['+', '-']) {
                Some('+') => total.checked_add(self.product()?),
                Some(_) => total.checked_sub(self.product()?),
                None => return Ok(total),
            };
            total = result.ok_or_else(|| InvalidExpression::Overflow(self.whole.to_owned()))?;
        }
    }

    fn product(&mut self) -> Result<i64, InvalidExpression> {
        let mut total = self.factor()?;
        loop {
            let result = match self.operator(&['*', '/', '%']) {
                Some('*') => total.checked_mul(self.factor()?),
                Some('/') => total.checked_div_euclid(self.factor()?),
                Some(_) => total.checked_rem_euclid(self.factor()?),
                None => return Ok(total),
            };
            total = result.ok_or_else(|| InvalidExpression::Overflow(self.whole.to_owned()))?;
        }
    }

    fn factor(&mut self) -> Result<i64, InvalidExpression> {
        self.rest = self.rest.trim_start();
        let syntax = InvalidExpression::Syntax(self.whole.to_owned());
        if let Some(inside) = self.rest.strip_prefix('(') {
            // The depth is bounded, since the stack is.
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(syntax);
            }
            self.rest = inside;
            let number = self.sum()?;
            self.rest = self.rest.trim_start().strip_prefix(')').ok_or(syntax)?;
            self.depth -= 1;
            return Ok(number);
        }
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        if is_name(word) {
            let text = value(word, self.scope)?;
            return text
                .parse()
                .map_err(|_| InvalidExpression::NoNumber(word.to_owned(), text));
        }
        word.parse().map_err(|_| syntax)
    }

    fn operator(&mut self, operators: &[char]) -> Option<char> {
        let rest = self.rest.trim_start();
        let operator = rest.chars().next().filter(|c| operators.contains(c))?;
        self.rest = rest.trim_start_matches(operator);
        // `**` and `--` are no operators.
        (rest.len() - self.rest.len() == 1).then_some(operator)
    }
}

const MAX_DEPTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn case(text: &str) -> Result<String, String> {
        let mut outer = Scope::default();
        outer.set("base", "10000".to_owned());
        outer.set("name", "text".to_owned());
        let mut scope = outer.inner();
        scope.set("i", "300".to_owned());
        expand(text, &scope).map_err(|error| error.to_string())
    }

    #[test]
    fn expressions_are_calculated() {
        for (text, expected) in [
            ("plain $ {i}", "plain $ {i}"),
            ("a${name}b${i}", "atextb300"),
            ("${base + i * 2}", "10600"),
            ("${(base - i) / 256}.${(base-i) % 256}", "37.228"),
            ("2001:db8::${i:x}", "2001:db8::12c"),
            ("2001:db8::${i + 1:x}", "2001:db8::12d"),
            ("$${i}", "${i}"),
        ] {
            assert_eq!(case(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (text, expected) in [
            (
                "${i",
                "expected a closing } after \"${i\"; write $${ for ${",
            ),
            (
                "${bas}",
                "unknown variable \"bas\"; expected one of base, i, name; did you mean \"base\"?",
            ),
            (
                "${name + 1}",
                "expected a number in the variable \"name\" to calculate with, found \"text\"",
            ),
            ("${i / 0}", "${i / 0} has no value within 64 bits"),
            (
                "${9223372036854775807 + 1}",
                "${9223372036854775807 + 1} has no value within 64 bits",
            ),
        ] {
            assert_eq!(case(text), Err(expected.to_owned()), "{text}");
        }
        let deep = format!("${{{}}}", "(".repeat(100_000));
        for text in [
            "${}",
            "${1 +}",
            "${1 2}",
            "${i--1}",
            "${i ** 2}",
            deep.as_str(),
        ] {
            let error = case(text).unwrap_err();
            assert!(
                error.starts_with("expected numbers, variables"),
                "{text}: {error}"
            );
        }
    }
}
