//! What several fuzz targets demand of the core.

use sfv::{BareItem, Dictionary, ListEntry, Parser};

/// Panics unless `tag` is empty or a value of the header as it is documented: an RFC 9651
/// Dictionary with known keys only, in their order.
pub fn check_tag(tag: &str) {
    if tag.is_empty() {
        return;
    }
    let members: Dictionary = Parser::new(tag)
        .parse()
        .unwrap_or_else(|error| panic!("{tag:?}: {error}"));
    let keys: Vec<&str> = members.keys().map(|key| key.as_str()).collect();
    let is_benign = keys.contains(&"actor");
    let expected = KEYS
        .iter()
        .filter(|key| is_benign || **key != "actor")
        .copied();
    assert!(keys.iter().copied().eq(expected), "{tag:?}");
    let is_one_of = |key, words: &[&str]| {
        let item = item(&members, key).and_then(BareItem::as_token);
        let word = item.unwrap_or_else(|| panic!("{key} of {tag:?}"));
        assert!(words.contains(&word.as_str()), "{key} of {tag:?}");
    };
    is_one_of(
        "kind",
        &["probe", "vertical", "horizontal", "block", "distributed"],
    );
    let classes: &[&str] = if is_benign {
        &["benign"]
    } else {
        &["suspicious", "malicious"]
    };
    is_one_of("class", classes);
    is_one_of("src", &["local", "network"]);
    let risk = item(&members, "risk").and_then(BareItem::as_integer);
    let risk = risk.unwrap_or_else(|| panic!("risk of {tag:?}"));
    assert!((0..=100).contains(&i64::from(risk)), "{tag:?}");
    assert!(
        tag.len() <= portscan_core::header::HEADER_LEN_MAX,
        "{tag:?}"
    );
}

const KEYS: [&str; 11] = [
    "kind", "risk", "class", "actor", "ports", "hosts", "hits", "first", "last", "tags", "src",
];

fn item<'a>(members: &'a Dictionary, key: &str) -> Option<&'a BareItem> {
    match members.get(key)? {
        ListEntry::Item(item) => Some(&item.bare_item),
        ListEntry::InnerList(_) => None,
    }
}
