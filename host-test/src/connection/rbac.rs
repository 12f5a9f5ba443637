//! Who is let in (`envoy.filters.*.rbac`).

use std::net::SocketAddr;

use crate::config::{Policy, Rbac, RbacAction, Rule};
use crate::http::HeaderMap;
use crate::network::FilterState;

/// What rules look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor<'a> {
    /// Who has connected.
    pub(crate) direct_remote: SocketAddr,
    /// The source, as far as it is believed.
    pub(crate) remote: SocketAddr,
    /// The destination.
    pub(crate) local: SocketAddr,
    /// The server name of the TLS greeting; empty without one.
    pub(crate) server_name: &'a str,
    /// Filter state, that of the stream before that of the connection.
    pub(crate) states: [Option<&'a FilterState>; 2],
    /// Headers of the request; none of a connection.
    pub(crate) headers: Option<&'a HeaderMap>,
}

/// What the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Whether the visitor may pass.
    pub(crate) is_allowed: bool,
    /// The policy that matched, for `details` of a refusal.
    policy: Option<String>,
}

impl Judgement {
    /// What access logs say of a refusal.
    pub(crate) fn details(&self) -> String {
        let policy = self.policy.as_deref().unwrap_or("none");
        format!("rbac_access_denied_matched_policy[{policy}]")
    }
}

impl Rbac {
    /// What these rules say of this visitor.
    pub(crate) fn judge(&self, visitor: &Visitor<'_>) -> Judgement {
        let matches = |(_, policy): &(&String, &Policy)| policy.matches(visitor);
        let policy = self.policies.iter().find(matches);
        let policy = policy.map(|(name, _)| name.clone());
        Judgement {
            is_allowed: match self.action {
                RbacAction::Allow => policy.is_some(),
                RbacAction::Deny => policy.is_none(),
                RbacAction::Log => true,
            },
            policy,
        }
    }
}

impl Policy {
    fn matches(&self, visitor: &Visitor<'_>) -> bool {
        let one_of = |rules: &[Rule]| rules.iter().any(|rule| rule.matches(visitor));
        one_of(&self.permissions) && one_of(&self.principals)
    }
}

impl Rule {
    fn matches(&self, visitor: &Visitor<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::AllOf(rules) => rules.iter().all(|rule| rule.matches(visitor)),
            Self::OneOf(rules) => rules.iter().any(|rule| rule.matches(visitor)),
            Self::Not(rule) => !rule.matches(visitor),
            Self::FilterState(key, test) => visitor
                .states
                .iter()
                .flatten()
                .find_map(|state| state.get(key.as_bytes()))
                .is_some_and(|value| test.matches(value)),
            Self::Header(header) => visitor.headers.is_some_and(|headers| {
                let value = headers.joined(header.name.as_bytes());
                header.matches(value.as_deref())
            }),
            Self::UrlPath(test) => visitor
                .headers
                .and_then(|headers| headers.get(b":path"))
                .and_then(|path| path.split(|byte| *byte == b'?').next())
                .is_some_and(|path| test.matches(path)),
            Self::RequestedServerName(test) => test.matches(visitor.server_name.as_bytes()),
            Self::DirectRemoteIp(network) => network.contains(&visitor.direct_remote.ip()),
            Self::RemoteIp(network) => network.contains(&visitor.remote.ip()),
            Self::DestinationIp(network) => network.contains(&visitor.local.ip()),
            Self::DestinationPorts(from, to) => {
                (*from..*to).contains(&u32::from(visitor.local.port()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Visitor;
    use crate::config::{Policy, Rbac, RbacAction, Rule, StringMatch, StringTest};
    use crate::http::{HeaderKind, HeaderMap};
    use crate::network::{FilterState, Prototype};

    fn judged(action: RbacAction, rule: Option<Rule>, state: &FilterState) -> (bool, String) {
        let policy = |rule| Policy {
            permissions: vec![Rule::Any],
            principals: vec![rule],
        };
        let rbac = Rbac {
            action,
            policies: rule
                .map(|rule| ("p".to_owned(), policy(rule)))
                .into_iter()
                .collect(),
        };
        let headers = HeaderMap::of(HeaderKind::Request, [(":path", "/a?b"), ("x", "1")]);
        let judgement = rbac.judge(&Visitor {
            direct_remote: "198.51.100.7:1".parse().unwrap(),
            remote: "203.0.113.9:0".parse().unwrap(),
            local: "192.0.2.1:443".parse().unwrap(),
            server_name: "",
            states: [None, Some(state)],
            headers: Some(&headers),
        });
        (judgement.is_allowed, judgement.details())
    }

    fn text(test: &str) -> StringMatch {
        StringMatch {
            test: StringTest::Exact(test.into()),
            ignore_case: false,
        }
    }

    #[test]
    fn no_policy_allows_nobody_or_denies_nobody() {
        let state = FilterState::default();
        let none = "rbac_access_denied_matched_policy[none]".to_owned();
        assert_eq!(
            judged(RbacAction::Allow, None, &state),
            (false, none.clone())
        );
        assert_eq!(judged(RbacAction::Deny, None, &state), (true, none));
    }

    #[test]
    fn filter_state_is_what_policies_ask_for() {
        let rule = || Some(Rule::FilterState("wasm.x".into(), text("bad")));
        let mut state = FilterState::default();
        assert!(judged(RbacAction::Deny, rule(), &state).0);
        state.set(b"wasm.x", b"bad", Prototype::default()).unwrap();
        let named = "rbac_access_denied_matched_policy[p]".to_owned();
        assert_eq!(judged(RbacAction::Deny, rule(), &state), (false, named));
        assert!(judged(RbacAction::Allow, rule(), &state).0);
    }

    #[test]
    fn addresses_and_paths_are_those_of_the_visitor() {
        let state = FilterState::default();
        let allowed: BTreeMap<&str, Rule> = [
            (
                "direct",
                Rule::DirectRemoteIp("198.51.100.0/24".parse().unwrap()),
            ),
            ("remote", Rule::RemoteIp("203.0.113.9/32".parse().unwrap())),
            ("to", Rule::DestinationIp("192.0.2.1/32".parse().unwrap())),
            ("ports", Rule::DestinationPorts(443, 444)),
            ("path", Rule::UrlPath(text("/a"))),
            ("name", Rule::RequestedServerName(text(""))),
            ("all", Rule::AllOf(vec![Rule::Any, Rule::Any])),
        ]
        .into();
        for (name, rule) in allowed {
            let not = Rule::Not(Box::new(rule.clone()));
            assert!(judged(RbacAction::Allow, Some(rule), &state).0, "{name}");
            assert!(
                !judged(RbacAction::Allow, Some(not), &state).0,
                "not {name}"
            );
        }
    }
}
