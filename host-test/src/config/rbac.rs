//! Role-based access control, of connections and of requests.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{HeaderMatch, StringMatch};

/// What is allowed or refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Rbac {
    /// What a match means.
    pub action: RbacAction,
    /// Policies by name, asked in the order of their names; one that matches is enough. With
    /// `Allow` and none, everything is refused; with `Deny` and none, nothing is.
    pub policies: BTreeMap<String, Policy>,
}

/// What a matching policy means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RbacAction {
    /// Only what matches passes.
    Allow,
    /// What matches is refused.
    Deny,
    /// Everything passes.
    Log,
}

/// Matches when one of its permissions and one of its principals match.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What is done.
    pub permissions: Vec<Rule>,
    /// Who does it.
    pub principals: Vec<Rule>,
}

/// A permission or a principal. What is not there, such as a header of a connection, does not
/// match.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Matches everything.
    Any,
    /// All of them match.
    AllOf(Vec<Rule>),
    /// One of them matches.
    OneOf(Vec<Rule>),
    /// It does not match.
    Not(Box<Rule>),
    /// The filter state under a key.
    FilterState(String, StringMatch),
    /// A request header.
    Header(HeaderMatch),
    /// The path of a request, without its query.
    UrlPath(StringMatch),
    /// The server name of the TLS greeting; the empty one when there is none.
    RequestedServerName(StringMatch),
    /// The network of the peer of the TCP connection (`direct_remote_ip`, `source_ip`).
    DirectRemoteIp(IpNet),
    /// The network of the source, which X-Forwarded-For or a PROXY header may have changed
    /// (`remote_ip`).
    RemoteIp(IpNet),
    /// The network of the destination.
    DestinationIp(IpNet),
    /// Ports of the destination, from the first to before the second.
    DestinationPorts(u32, u32),
}
