//! Scenario files as they are written: the shape of the YAML and of its JSON Schema.

mod call;
mod expect;
mod flow;
mod message;
mod race;
mod refusal;
mod shape;
mod step;

pub(super) use call::{AnswerCall, Call, CallFailure, CallKind, Grpc};
pub(super) use expect::{
    AccessLog, Connection, Expect, Level, LogLine, Match, Number, Response, SharedData, TextMatch,
    Upstream,
};
pub(super) use flow::{Repeat, Time};
pub(super) use message::{Answer, Bytes, BytesForm, HeaderLine, HttpVersion};
pub(super) use race::Race;
pub(super) use refusal::Refusal;
pub(super) use shape::{At, Json, OneOrMany, Pairs, Short};
pub(super) use step::{Close, Connect, Request, Respond, Send, Side, Step, Steps, Tls, Wipe};

use schemars::JsonSchema;
use serde::Deserialize;

use super::text::Text;

/// A scenario file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "host-test scenario")]
pub(super) struct File {
    /// What is shown, in one sentence.
    pub(super) description: Option<Text>,
    /// The Envoy configuration to run, a path relative to this file. Either this or `plugin`.
    pub(super) envoy: Option<Text>,
    /// One plugin on one listener, without an Envoy configuration. Either this or `envoy`.
    pub(super) plugin: Option<At<PluginSetup>>,
    /// What relative paths in the Envoy configuration count from, relative to this file. Default:
    /// the folder of this file.
    pub(super) folder: Option<Text>,
    /// Replacements in the text of the Envoy configuration, one after the other.
    #[serde(default)]
    pub(super) replace: Vec<Replace>,
    /// What every VM of the Envoy configuration gets as its configuration instead.
    pub(super) vm_configuration: Option<Json>,
    /// Worker threads. Default: 1.
    pub(super) workers: Option<Text>,
    /// The time at the start: RFC 3339 in UTC, or Unix seconds. Default: 2026-01-01T00:00:00Z.
    pub(super) start: Option<Text>,
    /// Where the randomness of the guest begins. Default: 0.
    pub(super) seed: Option<Text>,
    /// Names that stand for texts: `${name}`.
    #[serde(default)]
    pub(super) variables: Pairs<Text>,
    /// What the upstream answers when nothing else is said. Default: status 200, no body.
    pub(super) upstream: Option<Answer>,
    /// The start must fail, and the reason or a log line must be like this; of a list, for each.
    pub(super) refused: Option<Refusal>,
    /// How `host-test race` switches between the lists of steps under `together`.
    pub(super) race: Option<Race>,
    /// How many callbacks trap. Default: a trap is a failure.
    pub(super) traps: Option<Number>,
    /// What is done. With `cases`: what is done at the beginning of each of them.
    #[serde(default)]
    pub(super) steps: Steps,
    /// Several cases that share the set-up; each runs in a host of its own.
    #[serde(default)]
    pub(super) cases: Vec<At<Case>>,
}

/// One of several cases: what differs from the rest of the file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// The name, unique in the file.
    pub(super) name: Text,
    /// What is shown, in one sentence.
    pub(super) description: Option<Text>,
    /// Replacements after those of the file.
    #[serde(default)]
    pub(super) replace: Vec<Replace>,
    /// Instead of that of the file.
    pub(super) vm_configuration: Option<Json>,
    /// Instead of those of the file.
    pub(super) workers: Option<Text>,
    /// Instead of that of the file.
    pub(super) start: Option<Text>,
    /// Instead of that of the file.
    pub(super) seed: Option<Text>,
    /// Before those of the file.
    #[serde(default)]
    pub(super) variables: Pairs<Text>,
    /// Instead of that of the file.
    pub(super) upstream: Option<Answer>,
    /// Instead of that of the file.
    pub(super) refused: Option<Refusal>,
    /// Instead of that of the file.
    pub(super) race: Option<Race>,
    /// Instead of that of the file.
    pub(super) traps: Option<Number>,
    /// After the steps of the file.
    #[serde(default)]
    pub(super) steps: Steps,
}

/// One plugin on a listener named `listener` at port 10000, in front of a cluster `upstream`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PluginSetup {
    /// The module, binary or text: a path relative to this file. Either this or `wat`.
    pub(super) module: Option<Text>,
    /// The module itself in text form. Either this or `module`.
    pub(super) wat: Option<Text>,
    /// Where the plugin stands. Default: http.
    #[serde(default)]
    pub(super) kind: PluginKind,
    /// The plugin's name, which stands in log lines. Default: plugin.
    pub(super) name: Option<Text>,
    /// The root id. Default: empty.
    pub(super) root_id: Option<Text>,
    /// What `on_configure` reads: a text as it is, anything else as JSON.
    pub(super) configuration: Option<Json>,
    /// The scope of shared data. Default: empty.
    pub(super) vm_id: Option<Text>,
    /// What `on_vm_start` reads: a text as it is, anything else as JSON.
    pub(super) vm_configuration: Option<Json>,
    /// Environment variables of the guest.
    #[serde(default)]
    pub(super) environment: Pairs<Text>,
    /// What happens after a trap. Default: fail_closed.
    #[serde(default)]
    pub(super) failure_policy: FailurePolicy,
    /// Host functions and callbacks that are allowed. Default: all.
    pub(super) capabilities: Option<Vec<Text>>,
    /// Whether `StopIteration` from `on_request_headers` or `on_response_headers` stops the headers
    /// alone, so that the body comes to the plugin. Default: as in Envoy, it stops everything.
    pub(super) allow_on_headers_stop_iteration: Option<bool>,
}

/// Where a plugin stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PluginKind {
    /// An HTTP filter.
    #[default]
    Http,
    /// A network filter in front of the HTTP connection manager.
    Network,
    /// A network filter in front of a TCP proxy.
    Tcp,
    /// A service without connections, on the main thread alone.
    Singleton,
}

/// What happens after a trap.
#[expect(clippy::enum_variant_names, reason = "Envoy's own words")]
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FailurePolicy {
    /// Connections of that worker are closed from then on.
    #[default]
    FailClosed,
    /// A new VM after a back-off.
    FailReload,
    /// Connections pass without the plugin.
    FailOpen,
}

/// A replacement in a text. It is an error when the text does not occur.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// The text that goes, everywhere.
    pub(super) text: Text,
    /// The text that comes.
    pub(super) with: Text,
}

/// A new configuration, as Envoy takes it while it runs: what is left out stays as it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Update {
    /// Another Envoy configuration.
    pub(super) envoy: Option<Text>,
    /// Replacements after those of the file and the case.
    #[serde(default)]
    pub(super) replace: Vec<Replace>,
    /// What every VM gets as its configuration instead.
    pub(super) vm_configuration: Option<Json>,
    /// The new configuration must be refused, and the reason or a log line must be like this; of a
    /// list, for each.
    pub(super) refused: Option<Refusal>,
}
