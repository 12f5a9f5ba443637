//! Fields that are one of a few words.

use crate::evidence::Nats;

/// How sure before a source is flagged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sensitivity {
    /// One benign source in 10,000 may be flagged.
    Low,
    /// One in a hundred.
    #[default]
    Medium,
    /// One in twenty.
    High,
}

impl Sensitivity {
    /// The threshold `ln(P_detect / P_false)`.
    pub const fn threshold(self) -> Nats {
        Nats::from_hundredths(match self {
            Self::Low => 920,
            Self::Medium => 460,
            Self::High => 300,
        })
    }
}

/// What is done with flagged sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Their requests are tagged.
    #[default]
    Tag,
    /// From `block_risk` on they are refused.
    Block,
    /// What would be refused is counted and logged.
    DryRun,
}

/// Who says that a client was served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StandingSource {
    /// The sensor, from the first bytes.
    #[default]
    Bytes,
    /// The tagger behind it, from the response's status.
    Tagger,
}

/// What bouncers are to do with who is flagged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing gets through.
    #[default]
    Ban,
    /// A person may prove to be one.
    Captcha,
    /// Requests are marked.
    Tag,
}

impl Remedy {
    /// Its name in a decision.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Captcha => "captcha",
            Self::Tag => "tag",
        }
    }
}

/// What decisions are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecisionScope {
    /// Sources: addresses, and prefixes of IPv6.
    #[default]
    Sources,
    /// Addresses alone.
    Addresses,
    /// Sources and flagged networks.
    Networks,
}
