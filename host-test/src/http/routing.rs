//! Which route a request takes.

use super::headers::HeaderMap;
use crate::config::{PathMatch, Route, RouteMatch, VirtualHost};

/// What was found for a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    /// The name of the virtual host.
    pub(super) virtual_host: String,
    /// The route, if one of its routes matches.
    pub(super) route: Option<Route>,
}

/// The virtual host and route for these headers; none if no host matches.
pub(super) fn choose(hosts: &[VirtualHost], headers: &HeaderMap) -> Option<Chosen> {
    let authority = headers
        .get(b":authority")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let ranked = hosts
        .iter()
        .filter_map(|host| Some((best_domain(host, &authority)?, host)));
    // Of equal ones the first stands in the configuration; Envoy refuses equal domains.
    let (_, host) = ranked.max_by_key(|(rank, _)| *rank)?;
    // A request without a path, CONNECT, needs a route of its own kind.
    let has_path = headers.get(b":path").is_some();
    // Envoy looks for it to redirect to https, and takes no route without it.
    let has_proto = headers.get(b"x-forwarded-proto").is_some();
    let mut routes = host.routes.iter().filter(|_| has_path && has_proto);
    let route = routes.find(|route| route.matching.matches(headers));
    Some(Chosen {
        virtual_host: host.name.clone(),
        route: route.cloned(),
    })
}

/// The host itself before the longest suffix, that before the longest prefix, `*` last.
fn best_domain(host: &VirtualHost, authority: &[u8]) -> Option<(u8, usize)> {
    let rank = |domain: &String| {
        let domain = domain.as_bytes();
        if domain == authority {
            return Some((3, domain.len()));
        }
        if domain == b"*" {
            return Some((0, 0));
        }
        // A wildcard stands for at least one letter.
        let is_longer = authority.len() >= domain.len();
        if let Some(suffix) = domain.strip_prefix(b"*") {
            return (is_longer && authority.ends_with(suffix)).then_some((2, domain.len()));
        }
        let prefix = domain.strip_suffix(b"*")?;
        (is_longer && authority.starts_with(prefix)).then_some((1, domain.len()))
    };
    host.domains.iter().filter_map(rank).max()
}

impl RouteMatch {
    fn matches(&self, headers: &HeaderMap) -> bool {
        let path = headers.get(b":path").unwrap_or_default();
        let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
        self.matches_path(path)
            && self
                .headers
                .iter()
                .all(|header| header.matches(headers.joined(header.name.as_bytes()).as_deref()))
    }

    fn matches_path(&self, path: &[u8]) -> bool {
        let folded = |text: &[u8]| match self.case_sensitive {
            true => text.to_vec(),
            false => text.to_ascii_lowercase(),
        };
        let path_folded = folded(path);
        match &self.path {
            PathMatch::Prefix(prefix) => path_folded.starts_with(&folded(prefix.as_bytes())),
            PathMatch::Exact(exact) => path_folded == folded(exact.as_bytes()),
            PathMatch::SeparatedPrefix(prefix) => {
                let rest = path_folded.strip_prefix(&folded(prefix.as_bytes())[..]);
                rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
            }
            PathMatch::Regex(pattern) => pattern.matches(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::choose;
    use crate::config::{PathMatch, Route, RouteAction, RouteMatch, VirtualHost};
    use crate::http::{HeaderKind, HeaderMap};

    fn route(name: &str, path: PathMatch) -> Route {
        Route {
            name: name.into(),
            matching: RouteMatch {
                path,
                case_sensitive: true,
                headers: Vec::new(),
            },
            action: RouteAction::DirectResponse {
                status: 200,
                body: Vec::new(),
            },
        }
    }

    fn host(name: &str, domain: &str) -> VirtualHost {
        VirtualHost {
            name: name.into(),
            domains: vec![domain.into()],
            routes: vec![
                route("exact", PathMatch::Exact("/a".into())),
                route("part", PathMatch::SeparatedPrefix("/p".into())),
                route("begin", PathMatch::Prefix("/b".into())),
            ],
        }
    }

    fn chosen(authority: &str, path: &str) -> Option<(String, Option<String>)> {
        let hosts = [
            host("any", "*"),
            host("suffix", "*.example.org"),
            host("longer", "*.b.example.org"),
            host("prefix", "a.*"),
            host("exact", "a.example.org"),
        ];
        let headers = [
            (":authority", authority),
            (":path", path),
            ("x-forwarded-proto", "http"),
        ];
        let headers = HeaderMap::of(HeaderKind::Request, headers);
        let chosen = choose(&hosts, &headers)?;
        Some((chosen.virtual_host, chosen.route.map(|route| route.name)))
    }

    #[test]
    fn the_most_specific_host_is_taken() {
        for (authority, wanted) in [
            ("A.example.org", "exact"),
            ("c.example.org", "suffix"),
            ("c.b.example.org", "longer"),
            ("a.example.com", "prefix"),
            (".example.org", "any"),
            ("elsewhere", "any"),
        ] {
            assert_eq!(chosen(authority, "/").unwrap().0, wanted, "{authority}");
        }
    }

    #[test]
    fn the_first_route_that_matches_is_taken() {
        for (path, wanted) in [
            ("/a?b", Some("exact")),
            ("/p", Some("part")),
            ("/p/q", Some("part")),
            ("/pq", None),
            ("/bcd", Some("begin")),
            ("/", None),
        ] {
            assert_eq!(chosen("h", path).unwrap().1.as_deref(), wanted, "{path}");
        }
    }
}
