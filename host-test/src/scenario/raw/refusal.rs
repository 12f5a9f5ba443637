//! What a refusal must say, as it is written: one line, or a list of them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::Match;
use super::expect::TextMatch;
use super::shape::{At, Either, EitherVisitor, Short};
use crate::scenario::text::Text;

/// Lines that must be there, each in the reason or in the log.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Refusal(pub(in crate::scenario) Vec<Match>);

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<OneOrList>::deserialize(deserializer)?;
        let place = spanned.referenced.into();
        match spanned.value {
            OneOrList::List(list) if list.is_empty() => {
                Err(D::Error::custom("expected a line, found an empty list"))
            }
            OneOrList::List(list) => Ok(Self(list)),
            OneOrList::One(one) => Ok(Self(vec![match *one {
                Either::Text(text) => Short::Text(Text { text, place }),
                Either::Full(value) => Short::Full(At { value, place }),
            }])),
        }
    }
}

impl JsonSchema for Refusal {
    fn schema_name() -> Cow<'static, str> {
        "Refusal".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let line = generator.subschema_for::<Match>();
        json_schema!({ "anyOf": [line, { "type": "array", "items": line, "minItems": 1 }] })
    }
}

enum OneOrList {
    One(Box<Either<TextMatch>>),
    List(Vec<Match>),
}

impl<'de> Deserialize<'de> for OneOrList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrListVisitor)
    }
}

struct OneOrListVisitor;

/// What reads one line.
const ONE: EitherVisitor<TextMatch> = EitherVisitor(PhantomData);

impl<'de> Visitor<'de> for OneOrListVisitor {
    type Value = OneOrList;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text, a mapping, or a list of them")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        ONE.visit_bool(value).map(Box::new).map(OneOrList::One)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        ONE.visit_i64(value).map(Box::new).map(OneOrList::One)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        ONE.visit_u64(value).map(Box::new).map(OneOrList::One)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        ONE.visit_f64(value).map(Box::new).map(OneOrList::One)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        ONE.visit_str(value).map(Box::new).map(OneOrList::One)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        ONE.visit_map(map).map(Box::new).map(OneOrList::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrList::List)
    }
}
