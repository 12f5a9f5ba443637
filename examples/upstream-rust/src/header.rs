//! The verdict that the edge writes into `x-portscan`, and its parser.

use std::fmt;

use serde::{Serialize, Serializer};
use sfv::{BareItem, Dictionary, ListEntry, Parser};

/// A source that is flagged as a scanner now. What the edge does not know is `None`.
///
/// Fields stand in the order of the header.
#[derive(Debug, Default, Serialize)]
pub struct PortScan {
    /// The shape of the scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// How sure and how bad, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<u8>,
    /// What to think of it; the one field that a policy cannot do without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Who scans, where it is a declared scanner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Distinct ports with evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<u64>,
    /// Distinct addresses of the edge with evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<u64>,
    /// All connections of the source since it is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<u64>,
    /// First seen, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    /// Last seen, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// Names of the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Who says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src: Option<Source>,
}

impl PortScan {
    /// Parses a field value, several lines joined by commas.
    ///
    /// Keys that are not known are passed over, and so are parameters. An empty dictionary is
    /// `None`. Fails when the value is no RFC 9651 Dictionary, or when a known key has another
    /// type or range than the edge would write.
    pub fn parse(value: &[u8]) -> Result<Option<Self>, InvalidPortScan> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(InvalidPortScan::TooLong);
        }
        let members: Dictionary = Parser::new(value)
            .parse()
            .map_err(InvalidPortScan::Syntax)?;
        if members.is_empty() {
            return Ok(None);
        }
        let members = Members(members);
        Ok(Some(Self {
            kind: members.token("kind")?.map(Kind::from),
            risk: members.integer("risk", 100)?,
            class: members.token("class")?.map(Class::from),
            actor: members.string("actor")?,
            ports: members.integer("ports", u64::MAX)?,
            hosts: members.integer("hosts", u64::MAX)?,
            hits: members.integer("hits", u64::MAX)?,
            first: members.date("first")?,
            last: members.date("last")?,
            tags: members.tokens("tags")?,
            src: members.token("src")?.map(Source::from),
        }))
    }
}

/// The longest value that is read. The edge's own values stay far below this; a limit keeps
/// a hostile value from costing anything.
pub const VALUE_BYTES_MAX: usize = 4096;

/// Why a value is not what the edge writes.
#[derive(Debug)]
pub enum InvalidPortScan {
    /// It is longer than [`VALUE_BYTES_MAX`].
    TooLong,
    /// It is no RFC 9651 Dictionary.
    Syntax(sfv::Error),
    /// A known key has a value of another type.
    WrongType {
        /// The key.
        key: &'static str,
        /// The type that it must have.
        expected: &'static str,
    },
    /// A number is below zero or above its maximum.
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The number.
        value: i64,
    },
}

impl fmt::Display for InvalidPortScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "longer than {VALUE_BYTES_MAX} bytes"),
            Self::Syntax(error) => write!(f, "{error}"),
            Self::WrongType { key, expected } => write!(f, "{key} is not of type {expected}"),
            Self::OutOfRange { key, value } => write!(f, "{key} is {value}, out of range"),
        }
    }
}

impl std::error::Error for InvalidPortScan {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Syntax(error) => Some(error),
            Self::TooLong | Self::WrongType { .. } | Self::OutOfRange { .. } => None,
        }
    }
}

/// The members of the dictionary; each method answers `None` for an absent key.
struct Members(Dictionary);

impl Members {
    fn token(&self, key: &'static str) -> Result<Option<&str>, InvalidPortScan> {
        self.item(key, "token", |item| Some(item.as_token()?.as_str()))
    }

    fn string(&self, key: &'static str) -> Result<Option<String>, InvalidPortScan> {
        self.item(key, "string", |item| {
            Some(item.as_string()?.as_str().to_owned())
        })
    }

    fn date(&self, key: &'static str) -> Result<Option<i64>, InvalidPortScan> {
        self.item(key, "date", |item| {
            Some(item.as_date()?.unix_seconds().into())
        })
    }

    fn integer<T>(&self, key: &'static str, max: T) -> Result<Option<T>, InvalidPortScan>
    where
        T: TryFrom<i64> + PartialOrd,
    {
        let value = self.item(key, "integer", |item| item.as_integer().map(i64::from))?;
        value
            .map(|value| {
                T::try_from(value)
                    .ok()
                    .filter(|number| *number <= max)
                    .ok_or(InvalidPortScan::OutOfRange { key, value })
            })
            .transpose()
    }

    fn tokens(&self, key: &'static str) -> Result<Option<Vec<String>>, InvalidPortScan> {
        let expected = "list of tokens";
        match self.0.get(key) {
            None => Ok(None),
            Some(ListEntry::InnerList(list)) => list
                .items
                .iter()
                .map(|item| Some(item.bare_item.as_token()?.as_str().to_owned()))
                .collect::<Option<Vec<_>>>()
                .map(Some)
                .ok_or(InvalidPortScan::WrongType { key, expected }),
            Some(ListEntry::Item(_)) => Err(InvalidPortScan::WrongType { key, expected }),
        }
    }

    fn item<'a, T>(
        &'a self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'a BareItem) -> Option<T>,
    ) -> Result<Option<T>, InvalidPortScan> {
        let wrong = InvalidPortScan::WrongType { key, expected };
        match self.0.get(key) {
            None => Ok(None),
            Some(ListEntry::Item(item)) => read(&item.bare_item).map(Some).ok_or(wrong),
            Some(ListEntry::InnerList(_)) => Err(wrong),
        }
    }
}

/// An enum of known tokens that keeps one it does not know, so that a newer edge breaks nothing.
macro_rules! open_tokens {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $token:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A token of a newer edge.
            Other(String),
        }

        impl $name {
            /// The token as it stands in the header.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $token,)+
                    Self::Other(token) => token,
                }
            }
        }

        impl From<&str> for $name {
            fn from(token: &str) -> Self {
                match token {
                    $($token => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

open_tokens! {
    /// The shape of a scan.
    Kind {
        /// One port on one host.
        Probe = "probe",
        /// Two or more ports on one host.
        Vertical = "vertical",
        /// Two or more hosts, at most two ports.
        Horizontal = "horizontal",
        /// Two or more hosts, three or more ports.
        Block = "block",
        /// Flagged through its network.
        Distributed = "distributed",
    }
}

open_tokens! {
    /// What to think of a scanner.
    Class {
        /// Evidence enough to be careful.
        Suspicious = "suspicious",
        /// Evidence enough to refuse.
        Malicious = "malicious",
        /// A declared scanner; [`PortScan::actor`] says whose.
        Benign = "benign",
    }
}

open_tokens! {
    /// Who says that the source scans.
    Source {
        /// The edge's own evidence.
        Local = "local",
        /// Its prefix is flagged.
        Network = "network",
        /// A feed of other edges.
        Feed = "feed",
    }
}
