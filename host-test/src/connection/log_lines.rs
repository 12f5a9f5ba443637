//! Lines of access logs.

use serde_json::{Map, Value};

use super::property::{Lookup, Property};
use crate::config::format::{Attributes, WhenAbsent};
use crate::config::{AccessLog, Comparison, LogFilter, LogFormat, LogValue, Term};

/// The lines that these logs write, each with its log.
pub(crate) fn lines(
    logs: &[AccessLog],
    attributes: &(impl Attributes + Lookup),
) -> Vec<(AccessLog, String)> {
    let line = |log: &AccessLog| Some((log.clone(), line(log, attributes, attributes)?));
    logs.iter().filter_map(line).collect()
}

/// The line that this log writes, if it writes one.
fn line(log: &AccessLog, attributes: &dyn Attributes, terms: &dyn Lookup) -> Option<String> {
    let wants = log
        .filter
        .as_ref()
        .is_none_or(|filter| passes(filter, terms) == Some(true));
    if !wants {
        return None;
    }
    let absent = match log.omit_empty_values {
        true => WhenAbsent::Nothing,
        false => WhenAbsent::Dash,
    };
    Some(match &log.format {
        LogFormat::Text(format) => {
            let bytes = format.render(attributes, absent);
            String::from_utf8_lossy(&bytes)
                .trim_end_matches('\n')
                .to_owned()
        }
        LogFormat::Json(keys) => {
            let omits = log.omit_empty_values;
            object(keys, attributes, absent, omits).to_string()
        }
    })
}

fn object(
    keys: &std::collections::BTreeMap<String, LogValue>,
    attributes: &dyn Attributes,
    absent: WhenAbsent,
    omits: bool,
) -> Value {
    let rendered = keys
        .iter()
        .map(|(key, value)| (key.clone(), render(value, attributes, absent, omits)));
    let kept = rendered.filter(|(_, value)| !omits || !value.is_null());
    Value::Object(kept.collect::<Map<_, _>>())
}

fn render(value: &LogValue, attributes: &dyn Attributes, absent: WhenAbsent, omits: bool) -> Value {
    match value {
        LogValue::Format(format) => format.render_json(attributes, absent),
        LogValue::Fixed(value) => value.clone(),
        LogValue::Object(keys) => object(keys, attributes, absent, omits),
        LogValue::List(values) => {
            let rendered = values
                .iter()
                .map(|value| render(value, attributes, absent, omits));
            Value::Array(rendered.collect())
        }
    }
}

/// Whether a filter lets the line pass; none where it cannot be said.
fn passes(filter: &LogFilter, terms: &dyn Lookup) -> Option<bool> {
    match filter {
        LogFilter::All(filters) => all(filters, terms, false),
        LogFilter::Any(filters) => all(filters, terms, true),
        LogFilter::Not(filter) => passes(filter, terms).map(|passes| !passes),
        LogFilter::Compare(left, comparison, right) => {
            let (left, right) = (value(left, terms)?, value(right, terms)?);
            compare(&left, *comparison, &right)
        }
        LogFilter::OneOf(term, terms_of) => {
            let wanted = value(term, terms)?;
            let mut values = terms_of.iter().map(|term| value(term, terms));
            Some(values.any(|value| value.as_ref() == Some(&wanted)))
        }
    }
}

/// Whether all say yes, or with `decides` whether one does: the side that decides counts even
/// where others cannot be said.
fn all(filters: &[LogFilter], terms: &dyn Lookup, decides: bool) -> Option<bool> {
    let answers: Vec<_> = filters.iter().map(|filter| passes(filter, terms)).collect();
    if answers.contains(&Some(decides)) {
        return Some(decides);
    }
    answers.iter().all(Option::is_some).then_some(!decides)
}

fn value(term: &Term, terms: &dyn Lookup) -> Option<Value> {
    match term {
        Term::Number(number) => Some(Value::from(*number)),
        Term::Text(text) => Some(Value::from(text.as_str())),
        Term::Attribute(name) => property(name, terms),
    }
}

/// A property as a term: a number, a text or a truth.
fn property(name: &str, terms: &dyn Lookup) -> Option<Value> {
    let path: Vec<&[u8]> = name.split('.').map(str::as_bytes).collect();
    Some(match terms.find(&path)? {
        Property::Int(number) => Value::from(number),
        Property::Uint(number) => Value::from(number),
        Property::Bool(truth) => Value::from(truth),
        Property::Bytes(bytes) => Value::from(String::from_utf8_lossy(&bytes)),
        Property::Map(_) | Property::Opaque => return None,
    })
}

fn compare(left: &Value, comparison: Comparison, right: &Value) -> Option<bool> {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_i64()?.cmp(&right.as_i64()?),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => return None,
    };
    Some(match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
    })
}
