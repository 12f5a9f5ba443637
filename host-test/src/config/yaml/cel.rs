//! The part of CEL that filters of access logs need: comparisons of attributes with numbers and
//! texts, `in`, `!`, `&&`, `||` and brackets.

use crate::config::{Comparison, LogFilter, Term};

/// The status of a response, which `status_code_filter` asks too.
pub(super) const RESPONSE_CODE: &str = "response.code";

/// Attributes that the harness can give to an expression.
const ATTRIBUTES: &[&str] = &[
    "connection.id",
    "connection.requested_server_name",
    "connection.termination_details",
    "destination.address",
    "destination.port",
    "request.host",
    "request.method",
    "request.path",
    "request.url_path",
    RESPONSE_CODE,
    "response.code_details",
    "source.address",
    "source.port",
];

/// Depth of brackets and negations at most.
const DEPTH_MAX: usize = 32;

/// Parses `text`. Fails with a reason of one line.
pub(super) fn parse(text: &str) -> Result<LogFilter, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        depth: 0,
    };
    let filter = parser.either()?;
    match parser.tokens {
        [] => Ok(filter),
        [token, ..] => Err(unexpected(token, "the end")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(i64),
    Text(String),
    Name(String),
    Sign(&'static str),
}

/// Longer signs stand before those that they begin with.
const SIGNS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign))
        {
            (Token::Sign(sign), rest.get(sign.len()..))
        } else if first == '"' || first == '\'' {
            let inside = rest.get(1..).unwrap_or_default();
            let end = inside.find(first).ok_or("a text without its end")?;
            let inner = inside.get(..end).unwrap_or_default();
            if inner.contains('\\') {
                return Err("the harness knows no escapes in texts of CEL".to_owned());
            }
            (Token::Text(inner.to_owned()), inside.get(end + 1..))
        } else {
            word(rest)?
        };
        tokens.push(token);
        rest = behind.unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn word(text: &str) -> Result<(Token, Option<&str>), String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    if word.is_empty() {
        let sign = text.chars().next().unwrap_or_default();
        return Err(format!("{sign:?} is not known in an expression"));
    }
    let token = match word.parse() {
        Ok(number) => Token::Number(number),
        Err(_) => Token::Name(word.to_owned()),
    };
    Ok((token, text.get(end..)))
}

fn unexpected(token: &Token, expected: &str) -> String {
    let found = match token {
        Token::Number(number) => number.to_string(),
        Token::Text(text) => format!("{text:?}"),
        Token::Name(name) => name.clone(),
        Token::Sign(sign) => (*sign).to_owned(),
    };
    format!("expected {expected} in the expression, found {found}")
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self, expected: &str) -> Result<Token, String> {
        let Some((first, rest)) = self.tokens.split_first() else {
            return Err(format!(
                "expected {expected}, found the end of the expression"
            ));
        };
        self.tokens = rest;
        Ok(first.clone())
    }

    fn takes(&mut self, sign: &'static str) -> bool {
        let found = self.tokens.first() == Some(&Token::Sign(sign));
        if found {
            self.tokens = self.tokens.get(1..).unwrap_or_default();
        }
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        let token = self.next(sign)?;
        if token == Token::Sign(sign) {
            return Ok(());
        }
        Err(unexpected(&token, sign))
    }

    fn either(&mut self) -> Result<LogFilter, String> {
        let first = self.both()?;
        let mut all = vec![first];
        while self.takes("||") {
            all.push(self.both()?);
        }
        Ok(alone_or(all, LogFilter::Any))
    }

    fn both(&mut self) -> Result<LogFilter, String> {
        let first = self.one()?;
        let mut all = vec![first];
        while self.takes("&&") {
            all.push(self.one()?);
        }
        Ok(alone_or(all, LogFilter::All))
    }

    fn one(&mut self) -> Result<LogFilter, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} brackets and negations"));
        }
        let found = if self.takes("!") {
            self.one().map(|inner| LogFilter::Not(Box::new(inner)))
        } else if self.takes("(") {
            let inner = self.either()?;
            self.expect(")").map(|()| inner)
        } else {
            self.comparison()
        };
        self.depth -= 1;
        found
    }

    fn comparison(&mut self) -> Result<LogFilter, String> {
        let left = self.term()?;
        let operator = self.next("a comparison")?;
        let comparison = match &operator {
            Token::Name(name) if name == "in" => {
                return Ok(LogFilter::OneOf(left, self.list()?));
            }
            Token::Sign("==") => Comparison::Equal,
            Token::Sign("!=") => Comparison::NotEqual,
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::AtMost,
            Token::Sign(">") => Comparison::Greater,
            Token::Sign(">=") => Comparison::AtLeast,
            other => return Err(unexpected(other, "a comparison")),
        };
        Ok(LogFilter::Compare(left, comparison, self.term()?))
    }

    fn list(&mut self) -> Result<Vec<Term>, String> {
        self.expect("[")?;
        let mut terms = Vec::new();
        while !self.takes("]") {
            if !terms.is_empty() {
                self.expect(",")?;
            }
            terms.push(self.term()?);
        }
        Ok(terms)
    }

    fn term(&mut self) -> Result<Term, String> {
        match self.next("an attribute, a number or a text")? {
            Token::Number(number) => Ok(Term::Number(number)),
            Token::Text(text) => Ok(Term::Text(text)),
            Token::Name(name) => match ATTRIBUTES.iter().find(|known| **known == name) {
                Some(known) => Ok(Term::Attribute(known)),
                None => Err(format!(
                    "unknown attribute {name}: known to the harness are {}",
                    ATTRIBUTES.join(", ")
                )),
            },
            other => Err(unexpected(&other, "an attribute, a number or a text")),
        }
    }
}

fn alone_or(mut all: Vec<LogFilter>, several: fn(Vec<LogFilter>) -> LogFilter) -> LogFilter {
    match all.pop() {
        Some(alone) if all.is_empty() => alone,
        last => {
            all.extend(last);
            several(all)
        }
    }
}
