//! Members of a dictionary of RFC 9651, as texts.

use sfv::{BareItem, Dictionary, ListEntry, Parser};

use crate::config::base64;

/// A member of a dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) key: String,
    /// The item, without quotes; of an inner list its members with a blank between them.
    pub(super) text: String,
    /// The members of an inner list.
    pub(super) items: Option<Vec<String>>,
}

impl Member {
    /// Reads the value of a header, several lines joined by `, `.
    pub(super) fn dictionary(text: &str) -> Result<Vec<Self>, sfv::Error> {
        let dictionary: Dictionary = Parser::new(text).parse()?;
        let member = |(key, entry): (sfv::Key, ListEntry)| {
            let (text, items) = match entry {
                ListEntry::Item(item) => (item_text(&item.bare_item), None),
                ListEntry::InnerList(list) => {
                    let items: Vec<String> = list
                        .items
                        .iter()
                        .map(|item| item_text(&item.bare_item))
                        .collect();
                    (items.join(" "), Some(items))
                }
            };
            Self {
                key: key.as_str().to_owned(),
                text,
                items,
            }
        };
        Ok(dictionary.into_iter().map(member).collect())
    }
}

fn item_text(item: &BareItem) -> String {
    match item {
        BareItem::Decimal(number) => number.to_string(),
        BareItem::Integer(number) => number.to_string(),
        BareItem::String(text) => text.as_str().to_owned(),
        BareItem::ByteSequence(bytes) => base64::encode(bytes),
        BareItem::Boolean(is) => is.to_string(),
        BareItem::Token(token) => token.as_str().to_owned(),
        BareItem::Date(date) => format!("@{}", date.unix_seconds()),
        BareItem::DisplayString(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_as_texts() {
        let text = r#"kind=vertical, risk=85;x=1, tags=(decoy "a b"), ok, n=?0, b=:aGk=:, d=1.5"#;
        let members = Member::dictionary(text).unwrap();
        let texts: Vec<(&str, &str)> = members
            .iter()
            .map(|member| (member.key.as_str(), member.text.as_str()))
            .collect();
        let expected = [
            ("kind", "vertical"),
            ("risk", "85"),
            ("tags", "decoy a b"),
            ("ok", "true"),
            ("n", "false"),
            ("b", "aGk="),
            ("d", "1.5"),
        ];
        assert_eq!(texts, expected);
        assert_eq!(
            members[2].items,
            Some(vec!["decoy".to_owned(), "a b".to_owned()])
        );
        assert!(Member::dictionary("kind=vertical,").is_err());
    }
}
