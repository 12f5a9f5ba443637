//! One command of a format string: its name, its parameters, its length.

use std::fmt;

use super::{
    attributes::{Endpoint, Number, Text},
    time::TimeFormat,
};

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `START_TIME`.
    StartTime(TimeFormat),
    /// An address, such as `DOWNSTREAM_REMOTE_ADDRESS`.
    Address(Endpoint, AddressPart),
    /// `REQUEST_HEADER(name?alternative):length`, or `REQ`.
    RequestHeader(HeaderName),
    /// `RESPONSE_HEADER(name?alternative):length`, or `RESP`.
    ResponseHeader(HeaderName),
    /// `RESPONSE_TRAILER(name?alternative):length`, or `TRAILER`.
    ResponseTrailer(HeaderName),
    /// `FILTER_STATE(key:PLAIN):length`: its bytes.
    FilterState {
        /// The key.
        key: String,
        /// Bytes at most.
        length: Option<usize>,
    },
    /// `FILTER_STATE(key)` or `FILTER_STATE(key:TYPED)`: a JSON object with type and Base64.
    FilterStateTyped {
        /// The key.
        key: String,
        /// Bytes at most; of a text alone, as in Envoy.
        length: Option<usize>,
    },
    /// `DYNAMIC_METADATA(namespace:key:…):length`.
    DynamicMetadata {
        /// The namespace.
        namespace: String,
        /// Keys below it.
        path: Vec<String>,
        /// Bytes at most; of a text alone.
        length: Option<usize>,
    },
    /// A number.
    Number(Number),
    /// A text.
    Text(Text),
}

/// Which part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPart {
    /// `ip:port`, `[v6]:port`.
    Whole,
    /// The IP address alone.
    Ip,
    /// The port alone, a number.
    Port,
}

/// The header that a command reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderName {
    /// Its name, in lower case.
    pub name: String,
    /// Read when there is none of that name; in lower case.
    pub alternative: Option<String>,
    /// Bytes at most.
    pub length: Option<usize>,
}

/// Addresses by the name of their command.
const ADDRESSES: &[(&str, Endpoint, AddressPart)] = {
    use AddressPart::{Ip, Port, Whole};
    use Endpoint::{DirectRemote, Local, Remote, Upstream};
    &[
        ("DOWNSTREAM_REMOTE_ADDRESS", Remote, Whole),
        ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", Remote, Ip),
        ("DOWNSTREAM_REMOTE_PORT", Remote, Port),
        ("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", DirectRemote, Whole),
        (
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
            DirectRemote,
            Ip,
        ),
        ("DOWNSTREAM_DIRECT_REMOTE_PORT", DirectRemote, Port),
        ("DOWNSTREAM_LOCAL_ADDRESS", Local, Whole),
        ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", Local, Ip),
        ("DOWNSTREAM_LOCAL_PORT", Local, Port),
        ("UPSTREAM_HOST", Upstream, Whole),
    ]
};

/// Commands with parameters.
const PARAMETERIZED: &[&str] = &[
    "DYNAMIC_METADATA",
    "FILTER_STATE",
    "REQ",
    "REQUEST_HEADER",
    "RESP",
    "RESPONSE_HEADER",
    "RESPONSE_TRAILER",
    "START_TIME",
    "TRAILER",
];

impl Command {
    /// A command out of its name, what stands in its brackets (empty without them), and its
    /// length.
    pub(super) fn new(
        name: &str,
        parameters: &str,
        length: Option<usize>,
    ) -> Result<Self, InvalidFormat> {
        match name {
            "START_TIME" if length.is_some() => Err(InvalidFormat::Length(name.to_owned())),
            "START_TIME" => TimeFormat::parse(parameters).map(Self::StartTime),
            "REQ" | "REQUEST_HEADER" => {
                HeaderName::parse(name, parameters, length).map(Self::RequestHeader)
            }
            "RESP" | "RESPONSE_HEADER" => {
                HeaderName::parse(name, parameters, length).map(Self::ResponseHeader)
            }
            "TRAILER" | "RESPONSE_TRAILER" => {
                HeaderName::parse(name, parameters, length).map(Self::ResponseTrailer)
            }
            "FILTER_STATE" => filter_state(parameters, length),
            "DYNAMIC_METADATA" => dynamic_metadata(parameters, length),
            _ if !parameters.is_empty() || length.is_some() => match plain(name) {
                Some(_) => Err(InvalidFormat::Parameters(name.to_owned())),
                None => Err(InvalidFormat::UnknownCommand(name.to_owned())),
            },
            _ => plain(name).ok_or_else(|| InvalidFormat::UnknownCommand(name.to_owned())),
        }
    }

    /// Names of all commands, in order.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<_> = PARAMETERIZED.to_vec();
        names.extend(ADDRESSES.iter().map(|(name, ..)| *name));
        names.extend(Number::ALL.iter().map(|number| number.name()));
        names.extend(Text::ALL.iter().map(|text| text.name()));
        names.sort_unstable();
        names
    }
}

/// A command without parameters.
fn plain(name: &str) -> Option<Command> {
    let number = Number::ALL.iter().find(|number| number.name() == name);
    let text = || Text::ALL.iter().find(|text| text.name() == name);
    let address = || ADDRESSES.iter().find(|(known, ..)| *known == name);
    number
        .map(|number| Command::Number(*number))
        .or_else(|| text().map(|text| Command::Text(*text)))
        .or_else(|| address().map(|(_, endpoint, part)| Command::Address(*endpoint, *part)))
}

fn filter_state(parameters: &str, length: Option<usize>) -> Result<Command, InvalidFormat> {
    let mut fields = parameters.split(':');
    let key = fields.next().unwrap_or_default().to_owned();
    if key.is_empty() {
        return Err(InvalidFormat::NoParameters("FILTER_STATE".to_owned()));
    }
    let form = fields.next();
    match (form, fields.next()) {
        (Some("PLAIN"), None) => Ok(Command::FilterState { key, length }),
        // Envoy takes an empty form for none.
        (None | Some("" | "TYPED"), None) => Ok(Command::FilterStateTyped { key, length }),
        _ => Err(InvalidFormat::FilterStateForm(parameters.to_owned())),
    }
}

fn dynamic_metadata(parameters: &str, length: Option<usize>) -> Result<Command, InvalidFormat> {
    if parameters.is_empty() {
        return Err(InvalidFormat::NoParameters("DYNAMIC_METADATA".to_owned()));
    }
    let mut fields = parameters.split(':').map(str::to_owned);
    Ok(Command::DynamicMetadata {
        namespace: fields.next().unwrap_or_default(),
        path: fields.collect(),
        length,
    })
}

impl HeaderName {
    fn parse(
        command: &str,
        parameters: &str,
        length: Option<usize>,
    ) -> Result<Self, InvalidFormat> {
        if parameters.is_empty() {
            return Err(InvalidFormat::NoParameters(command.to_owned()));
        }
        let mut names = parameters.split('?');
        let name = names.next().unwrap_or_default();
        let alternative = names.next();
        if names.next().is_some() {
            return Err(InvalidFormat::Alternatives(parameters.to_owned()));
        }
        for name in [name, alternative.unwrap_or_default()] {
            if !is_header_name(name) {
                return Err(InvalidFormat::HeaderName(name.to_owned()));
            }
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            alternative: alternative
                .filter(|name| !name.is_empty())
                .map(str::to_ascii_lowercase),
            length,
        })
    }
}

/// Whether Envoy takes `name` for the name of a header: a token, behind a colon perhaps. The
/// empty name is one; no header has it.
fn is_header_name(name: &str) -> bool {
    let token = name.strip_prefix(':').unwrap_or(name);
    token
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Why a text is no format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidFormat {
    /// A `%` begins no command: the byte where it stands.
    NoCommand(usize),
    /// The harness has no such command.
    UnknownCommand(String),
    /// The command takes neither parameters nor a length.
    Parameters(String),
    /// The command takes no length.
    Length(String),
    /// The command needs parameters.
    NoParameters(String),
    /// More than two names of headers.
    Alternatives(String),
    /// Not the name of a header.
    HeaderName(String),
    /// `FILTER_STATE` knows a key alone, `key:PLAIN` and `key:TYPED` here.
    FilterStateForm(String),
    /// The harness has no such time format.
    Time(String),
}

impl fmt::Display for InvalidFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommand(at) => write!(
                f,
                "no command at byte {at}: expected %NAME%, %NAME(parameters)% or %NAME(parameters):length%, and %% for a percent sign"
            ),
            Self::UnknownCommand(name) => write!(
                f,
                "unknown command {name}: known are {}",
                Command::names().join(", ")
            ),
            Self::Parameters(name) => write!(f, "{name} takes neither parameters nor a length"),
            Self::Length(name) => write!(f, "{name} takes no length"),
            Self::NoParameters(name) => write!(f, "{name} needs parameters"),
            Self::Alternatives(text) => write!(f, "{text:?} names more than one alternative"),
            Self::HeaderName(name) => write!(f, "{name:?} is not the name of a header"),
            Self::FilterStateForm(text) => {
                write!(
                    f,
                    "FILTER_STATE({text}): expected KEY, KEY:PLAIN or KEY:TYPED"
                )
            }
            Self::Time(text) => write!(
                f,
                "unknown time format {text:?}: known are {}",
                TimeFormat::known()
            ),
        }
    }
}

impl std::error::Error for InvalidFormat {}
