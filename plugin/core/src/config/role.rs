//! The configuration of one filter.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::choices::{DecisionScope, Remedy, StandingSource};
use super::fields::{portal, sensor, tagger};
use super::json::Json;
use super::policy::{self, Policy};
use super::problem::Problem;
use super::reader::Reader;
use super::secret::SecretDigest;
use crate::first_bytes::is_name_pattern;
use crate::first_bytes::protocol::Speaks;

/// What the configuration of one filter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// What the filter does.
    pub role: Role,
    /// The policy, where the platform cannot configure the VM.
    pub policy: Option<Policy>,
}

/// What a filter does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Network filter: sees connections.
    Sensor(Sensor),
    /// HTTP filter: tags requests.
    Tagger(Tagger),
    /// HTTP filter on a listener of its own: answers from what the detector knows.
    Portal(Portal),
    /// Bootstrap extension: does what must be done once.
    Keeper,
}

/// A checked sensor. Field by field documented in [`super::reference`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "documented in `reference`, where a test demands it"
)]
pub struct Sensor {
    pub decoy: bool,
    pub real_ports: Vec<u16>,
    pub login: bool,
    pub speaks: Option<Speaks>,
    pub names: Vec<String>,
    pub standing: StandingSource,
    pub hold_secs: u16,
}

/// A checked tagger. Field by field documented in [`super::reference`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "documented in `reference`, where a test demands it"
)]
pub struct Tagger {
    pub observe: bool,
    pub inspect: bool,
}

/// A checked portal. Field by field documented in [`super::reference`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "documented in `reference`, where a test demands it"
)]
pub struct Portal {
    pub token: Option<SecretDigest>,
    pub bouncer_key: Option<SecretDigest>,
    pub remedy: Remedy,
    pub scope: DecisionScope,
}

pub(super) const ROLES: [&str; 4] = ["sensor", "tagger", "portal", "keeper"];

pub(super) fn read(json: Json, problems: &mut Vec<Problem>) -> Option<Plugin> {
    let mut reader = Reader::new("", json, problems);
    let role = match reader.take("role") {
        Some(Json::Text(role)) if role == "sensor" => Role::Sensor(read_sensor(&mut reader)),
        Some(Json::Text(role)) if role == "tagger" => Role::Tagger(read_tagger(&mut reader)),
        Some(Json::Text(role)) if role == "portal" => Role::Portal(read_portal(&mut reader)),
        Some(Json::Text(role)) if role == "keeper" => Role::Keeper,
        Some(other) => {
            let allowed = alloc::format!("must be one of {}", super::problem::quoted(&ROLES));
            reader.refuse("role", &other, allowed);
            return None;
        }
        None => {
            let missing = Problem::missing("role", &ROLES);
            reader.problems().push(missing);
            return None;
        }
    };
    let policy = reader.object("policy").map(policy::read);
    reader.finish();
    Some(Plugin { role, policy })
}

fn read_sensor(reader: &mut Reader<'_>) -> Sensor {
    let decoy = reader.switch(&sensor::DECOY);
    let real_ports = reader.list(
        "real_ports",
        sensor::REAL_PORTS_MAX,
        "must be a port from 1 to 65535",
        port,
    );
    if !decoy && let Some(first) = real_ports.first() {
        let found = Json::Integer((*first).into());
        reader.refuse(
            "real_ports",
            &found,
            "must be empty unless \"decoy\" is true",
        );
    }
    let login = reader.switch(&sensor::LOGIN);
    let speaks = speaks(reader);
    let names = reader.list(
        "names",
        sensor::NAMES_MAX,
        "must be a host name in lower case, perhaps behind \"*.\", without port",
        |json| match json {
            Json::Text(text) if is_name_pattern(text) => Some(text.to_string()),
            _ => None,
        },
    );
    let standing = reader.choice(&sensor::STANDING);
    let hold_default = if decoy { sensor::HOLD_SECS.default } else { 0 };
    let hold_secs = reader
        .optional_whole(&sensor::HOLD_SECS)
        .unwrap_or(hold_default);
    let hold_secs = u16::try_from(hold_secs).unwrap_or(u16::MAX);
    Sensor {
        decoy,
        real_ports,
        login,
        speaks,
        names,
        standing,
        hold_secs,
    }
}

fn speaks(reader: &mut Reader<'_>) -> Option<Speaks> {
    let found = match reader.take(sensor::SPEAKS)? {
        Json::Null => return None,
        found => found,
    };
    let known = match &found {
        Json::Text(word) => Speaks::ALL.into_iter().find(|speaks| speaks.name() == word),
        _ => None,
    };
    if known.is_none() {
        let words = super::problem::quoted(&Speaks::ALL.map(Speaks::name));
        let allowed = alloc::format!("must be null or one of {words}");
        reader.refuse(sensor::SPEAKS, &found, allowed);
    }
    known
}

fn read_tagger(reader: &mut Reader<'_>) -> Tagger {
    let observe = reader.switch(&tagger::OBSERVE);
    let is_trusted = reader.switch(&tagger::TRUSTED_ADDRESS);
    if observe && !is_trusted {
        let allowed = "needs \"source_address_is_trusted\": true, because the module cannot see \
                       whether Envoy takes the address from X-Forwarded-For";
        reader.refuse("observe", &Json::Bool(true), allowed);
    }
    let inspect = reader.switch(&tagger::INSPECT);
    Tagger { observe, inspect }
}

fn read_portal(reader: &mut Reader<'_>) -> Portal {
    let token = digest(reader, portal::TOKEN);
    let bouncer_key = digest(reader, portal::BOUNCER_KEY);
    let (mut remedy, mut scope) = (Remedy::default(), DecisionScope::default());
    if let Some(mut decisions) = reader.object(portal::DECISIONS) {
        remedy = decisions.choice(&portal::REMEDY);
        scope = decisions.choice(&portal::SCOPE);
        decisions.finish();
    }
    Portal {
        token,
        bouncer_key,
        remedy,
        scope,
    }
}

fn digest(reader: &mut Reader<'_>, key: &'static str) -> Option<SecretDigest> {
    let found = match reader.take(key)? {
        Json::Null => return None,
        found => found,
    };
    let digest = match &found {
        Json::Text(text) => SecretDigest::parse(text),
        _ => None,
    };
    if digest.is_none() {
        // Whoever wrote the secret itself here must not find it in the log.
        let hidden = Json::Text("…".to_string());
        reader.refuse(key, &hidden, portal::DIGEST_ALLOWED);
    }
    digest
}

fn port(json: &Json) -> Option<u16> {
    match json {
        Json::Integer(number) => u16::try_from(*number).ok().filter(|port| *port > 0),
        _ => None,
    }
}
