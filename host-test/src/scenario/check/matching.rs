//! What texts and numbers must be like.

use super::expect::{Checked, Reader};
use super::value::hex;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Condition, Match, NumberCheck};
use crate::scenario::raw;
use crate::scenario::text::{Place, Text};

impl Reader<'_> {
    pub(super) fn pairs(&self, raw: &raw::Pairs<raw::Match>) -> Checked<Vec<(String, Match)>> {
        let pair = |(name, value): &(Text, raw::Match)| {
            Ok((name.expand(self.around.scope)?, self.text(value)?))
        };
        raw.0.iter().map(pair).collect()
    }

    pub(super) fn optional(&self, raw: Option<&raw::Match>) -> Checked<Option<Match>> {
        raw.map(|raw| self.text(raw)).transpose()
    }

    pub(super) fn text(&self, raw: &raw::Match) -> Checked<Match> {
        Ok(match raw {
            raw::Short::Text(text) => Match {
                place: text.place,
                conditions: vec![Condition::Is(text.expand(self.around.scope)?)],
            },
            raw::Short::Full(at) => Match {
                place: at.place,
                conditions: self.conditions(&at.value, at.place)?,
            },
        })
    }

    pub(super) fn conditions(&self, raw: &raw::TextMatch, place: Place) -> Checked<Vec<Condition>> {
        let scope = self.around.scope;
        let mut out = Vec::new();
        if let Some(raw::OneOrMany(texts)) = &raw.is {
            let mut texts = texts
                .iter()
                .map(|text| text.expand(scope))
                .collect::<Checked<Vec<_>>>()?;
            out.push(match (texts.len(), texts.pop()) {
                (1, Some(text)) => Condition::Is(text),
                (_, last) => Condition::Members(texts.into_iter().chain(last).collect()),
            });
        }
        out.extend(raw.absent.map(Condition::Absent));
        for text in raw.contains.iter().flat_map(|raw::OneOrMany(texts)| texts) {
            out.push(Condition::Contains(text.expand(scope)?));
        }
        for text in raw.lacks.iter().flat_map(|raw::OneOrMany(texts)| texts) {
            out.push(Condition::Lacks(text.expand(scope)?));
        }
        if let Some(text) = &raw.starts_with {
            out.push(Condition::StartsWith(text.expand(scope)?));
        }
        if let Some(text) = &raw.ends_with {
            out.push(Condition::EndsWith(text.expand(scope)?));
        }
        if let Some(text) = &raw.matches {
            let expression = regex::Regex::new(&text.expand(scope)?)
                .map_err(|error| text.error(one_line(&error.to_string())))?;
            out.push(Condition::Matches(expression));
        }
        if let Some(text) = &raw.at_least {
            out.push(Condition::AtLeast(text.parse(scope, "a number")?));
        }
        if let Some(text) = &raw.at_most {
            out.push(Condition::AtMost(text.parse(scope, "a number")?));
        }
        if let Some(text) = &raw.hex {
            out.push(Condition::Bytes(hex(text, scope)?));
        }
        if let Some(number) = &raw.length {
            out.push(Condition::Length(self.number(number)?));
        }
        if let Some(number) = &raw.lines {
            out.push(Condition::Lines(self.number(number)?));
        }
        if let Some(members) = &raw.dictionary {
            out.push(Condition::Dictionary(self.pairs(members)?));
        }
        match out.is_empty() {
            true => Err(InvalidScenario::at(place, "this expectation says nothing")),
            false => Ok(out),
        }
    }

    pub(super) fn number(&self, raw: &raw::Number) -> Checked<NumberCheck> {
        let scope = self.around.scope;
        let parse = |text: &Text| text.parse::<i64>(scope, "a whole number");
        let optional = |text: &Option<Text>| text.as_ref().map(parse).transpose();
        let at = match raw {
            raw::Short::Text(text) => {
                let is = Some(parse(text)?);
                return Ok(NumberCheck {
                    place: text.place,
                    is,
                    ..NumberCheck::default()
                });
            }
            raw::Short::Full(at) => at,
        };
        let number = NumberCheck {
            place: at.place,
            is: optional(&at.value.is)?,
            at_least: optional(&at.value.at_least)?,
            at_most: optional(&at.value.at_most)?,
            absent: at.value.absent,
            since: match &at.value.since {
                Some(since) => Some(self.names.since(since, scope)?),
                None => None,
            },
        };
        let says_nothing = (number.is, number.at_least, number.at_most) == (None, None, None);
        match says_nothing && number.absent.is_none() {
            true => Err(InvalidScenario::at(
                at.place,
                "expected is, at_least, at_most or absent",
            )),
            false => Ok(number),
        }
    }
}

/// What the reader of expressions says, in one line.
fn one_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    format!(
        "no regular expression: {}",
        last.trim_start_matches("error: ")
    )
}
