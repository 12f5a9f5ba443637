//! Names, ranges and defaults of all fields, in one place: parsing and documentation use them.

/// A whole number.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// The key.
    pub key: &'static str,
    /// The value where the key is absent.
    pub default: u32,
    /// The least allowed.
    pub min: u32,
    /// The most allowed.
    pub max: u32,
}

/// One of a few words.
#[derive(Clone, Copy, Debug)]
pub struct Choice<T: 'static> {
    /// The key.
    pub key: &'static str,
    /// The words and what they mean; the first one is the default.
    pub words: &'static [(&'static str, T)],
}

/// Yes or no.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// The key.
    pub key: &'static str,
    /// The value where the key is absent.
    pub default: bool,
}

/// Fields of the policy.
pub mod policy {
    use super::{Choice, Switch, Whole};
    use crate::config::choices::{Action, Sensitivity};
    use crate::exploit::Strength;

    #[expect(
        missing_docs,
        reason = "documented in `reference`, where a test demands it"
    )]
    mod all {
        use super::{Action, Choice, Sensitivity, Strength, Switch, Whole};

        pub const SENSITIVITY: Choice<Sensitivity> = Choice {
            key: "sensitivity",
            words: &[
                ("medium", Sensitivity::Medium),
                ("low", Sensitivity::Low),
                ("high", Sensitivity::High),
            ],
        };
        pub const SOURCES_CAPACITY: Whole = Whole {
            key: "capacity",
            default: 65_536,
            min: 64,
            max: 4_194_304,
        };
        pub const SOURCES_IPV6_PREFIX: Whole = Whole {
            key: "ipv6_prefix",
            default: 64,
            min: 32,
            max: 128,
        };
        pub const FLAGGED_PER_NETWORK: Whole = Whole {
            key: "flagged_per_network",
            default: 64,
            min: 1,
            max: 1_024,
        };
        pub const STANDING_CAPACITY: Whole = Whole {
            key: "capacity",
            default: 1_000_000,
            min: 1_000,
            max: 100_000_000,
        };
        pub const NETWORKS_CAPACITY: Whole = Whole {
            key: "capacity",
            default: 8_192,
            min: 64,
            max: 1_048_576,
        };
        pub const NETWORKS_IPV4_PREFIX: Whole = Whole {
            key: "ipv4_prefix",
            default: 24,
            min: 8,
            max: 32,
        };
        pub const NETWORKS_IPV6_PREFIX: Whole = Whole {
            key: "ipv6_prefix",
            default: 48,
            min: 16,
            max: 64,
        };
        pub const VERDICT_TTL_SECS: Whole = Whole {
            key: "verdict_ttl_secs",
            default: 604_800,
            min: 1,
            max: 31_536_000,
        };
        pub const EVIDENCE_HALF_LIFE_SECS: Whole = Whole {
            key: "evidence_half_life_secs",
            default: 86_400,
            min: 60,
            max: 31_536_000,
        };
        /// Of an entry of `exploits`.
        pub const EXPLOIT_STRENGTH: Choice<Strength> = Choice {
            key: "strength",
            words: &[("certain", Strength::Certain), ("probe", Strength::Probe)],
        };
        pub const ACTION: Choice<Action> = Choice {
            key: "action",
            words: &[
                ("tag", Action::Tag),
                ("block", Action::Block),
                ("dry_run", Action::DryRun),
            ],
        };
        pub const BLOCK_RISK: Whole = Whole {
            key: "block_risk",
            default: 90,
            min: 1,
            max: 100,
        };
        pub const EVENTS: Switch = Switch {
            key: "events",
            default: false,
        };
    }
    pub use all::*;

    /// Most networks in `trusted`, and of each entry of `known_scanners`.
    pub const NETWORKS_LISTED_MAX: usize = 1_000_000;
    /// Most entries of `known_scanners`.
    pub const ACTORS_MAX: usize = 4_096;
    /// Longest name of an actor, bytes.
    pub const ACTOR_LEN_MAX: usize = 32;
    /// Heaviest weight in `decoy_weights`, nats.
    pub const DECOY_WEIGHT_MAX: u8 = 20;
    /// Most entries of `exploits`.
    pub const EXPLOITS_MAX: usize = crate::exploit::OWN_MAX;
    /// Most entries of `exploits_disabled`: more than the list has.
    pub const EXPLOITS_DISABLED_MAX: usize = 1_024;
    /// Longest name of an exploit, bytes.
    pub const EXPLOIT_NAME_LEN_MAX: usize = 32;
    /// The header's name where the policy gives none.
    pub const HEADER_DEFAULT: &str = "x-portscan";
    /// Most hyphens in the header's name: each could be an underscore for CGI and WSGI, and all
    /// spellings are taken away from what clients send.
    pub const HEADER_HYPHENS_MAX: usize = 3;
    /// Longest name of the header, bytes.
    pub const HEADER_NAME_LEN_MAX: usize = 64;
}

/// Fields of a sensor.
pub mod sensor {
    use super::{Choice, Switch, Whole};
    use crate::config::choices::StandingSource;

    #[expect(
        missing_docs,
        reason = "documented in `reference`, where a test demands it"
    )]
    mod all {
        use super::{Choice, StandingSource, Switch, Whole};

        pub const DECOY: Switch = Switch {
            key: "decoy",
            default: false,
        };
        pub const LOGIN: Switch = Switch {
            key: "login",
            default: false,
        };
        pub const STANDING: Choice<StandingSource> = Choice {
            key: "standing",
            words: &[
                ("bytes", StandingSource::Bytes),
                ("tagger", StandingSource::Tagger),
            ],
        };
        /// The default is that of decoys; on real listeners it is 0.
        pub const HOLD_SECS: Whole = Whole {
            key: "hold_secs",
            default: 30,
            min: 0,
            max: 65_535,
        };
    }
    pub use all::*;

    /// What clients must speak: null or one of [`Speaks`](crate::first_bytes::protocol::Speaks).
    pub const SPEAKS: &str = "speaks";
    /// Most entries of `names`.
    pub const NAMES_MAX: usize = 1_024;
    /// Most entries of `real_ports`: all ports.
    pub const REAL_PORTS_MAX: usize = 65_535;
}

/// Fields of a tagger.
pub mod tagger {
    use super::Switch;

    #[expect(
        missing_docs,
        reason = "documented in `reference`, where a test demands it"
    )]
    mod all {
        use super::Switch;

        pub const OBSERVE: Switch = Switch {
            key: "observe",
            default: false,
        };
        pub const INSPECT: Switch = Switch {
            key: "inspect",
            default: true,
        };
        pub const TRUSTED_ADDRESS: Switch = Switch {
            key: "source_address_is_trusted",
            default: false,
        };
    }
    pub use all::*;
}

/// Fields of a portal.
pub mod portal {
    use super::Choice;
    use crate::config::choices::{DecisionScope, Remedy};

    /// The digest of the token that every request but those for the page itself must carry.
    pub const TOKEN: &str = "token_sha256";
    /// The digest of the key that bouncers must send.
    pub const BOUNCER_KEY: &str = "bouncer_key_sha256";
    /// Decisions for bouncers.
    pub const DECISIONS: &str = "decisions";
    /// What bouncers are to do.
    pub const REMEDY: Choice<Remedy> = Choice {
        key: "type",
        words: &[
            ("ban", Remedy::Ban),
            ("captcha", Remedy::Captcha),
            ("tag", Remedy::Tag),
        ],
    };
    /// What they are told about.
    pub const SCOPE: Choice<DecisionScope> = Choice {
        key: "scope",
        words: &[
            ("sources", DecisionScope::Sources),
            ("addresses", DecisionScope::Addresses),
            ("networks", DecisionScope::Networks),
        ],
    };
    /// What a digest is.
    pub const DIGEST_ALLOWED: &str =
        "must be null or a SHA-256 in 64 hex digits, as `printf %s SECRET | sha256sum` prints it";
}
