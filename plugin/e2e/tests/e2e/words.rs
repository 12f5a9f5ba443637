//! The words of a tag, read as any upstream may read them.

use sfv::{Dictionary, ListEntry, Parser};

/// The members of a tag.
pub(crate) struct Words {
    pub(crate) kind: String,
    pub(crate) class: String,
    /// Only of declared scanners.
    pub(crate) actor: Option<String>,
    pub(crate) risk: i64,
    pub(crate) ports: i64,
    pub(crate) hits: i64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) tags: Vec<String>,
}

impl Words {
    /// Reads a tag as RFC 9651 says; panics where it is no such Dictionary.
    #[track_caller]
    pub(crate) fn of(tag: &str) -> Self {
        let members: Dictionary = Parser::new(tag).parse().expect(tag);
        let item = |key: &str| match members.get(key) {
            Some(ListEntry::Item(item)) => item.bare_item.clone(),
            other => panic!("{key} is {other:?} in {tag}"),
        };
        let integer = |key| i64::from(item(key).as_integer().expect(tag));
        let date = |key| i64::from(item(key).as_date().expect(tag).unix_seconds());
        let Some(ListEntry::InnerList(tags)) = members.get("tags") else {
            panic!("no list of tags in {tag}");
        };
        let tags = tags.items.iter().map(|item| {
            let token = item.bare_item.as_token();
            token.expect(tag).as_str().to_owned()
        });
        Self {
            class: item("class").as_token().expect(tag).as_str().to_owned(),
            actor: members.contains_key("actor").then(|| {
                let actor = item("actor");
                actor.as_string().expect(tag).as_str().to_owned()
            }),
            kind: item("kind").as_token().expect(tag).as_str().to_owned(),
            risk: integer("risk"),
            ports: integer("ports"),
            hits: integer("hits"),
            first: date("first"),
            last: date("last"),
            tags: tags.collect(),
        }
    }
}

/// Every key is there, in the order of the contract, with values that make sense.
#[track_caller]
pub(crate) fn check_words(tag: &str) {
    let members: Dictionary = Parser::new(tag).parse().expect(tag);
    let keys: Vec<_> = members.keys().map(|key| key.as_str()).collect();
    let all = [
        "kind", "risk", "class", "ports", "hosts", "hits", "first", "last", "tags", "src",
    ];
    assert_eq!(keys, all, "{tag}");
    let words = Words::of(tag);
    assert!((1..=100).contains(&words.risk), "{tag}");
    assert!(words.ports >= 1 && words.hits >= 1, "{tag}");
    // The edge has not been there before 2020, and its clock is that of this machine.
    assert!(words.first > 1_577_836_800, "{tag}");
    assert!(words.last >= words.first, "{tag}");
    assert!(!words.tags.is_empty(), "{tag}");
}
