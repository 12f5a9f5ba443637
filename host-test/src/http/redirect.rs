//! Addresses and paths that a route makes out of those of a request.

use super::state::State;
use crate::config::{PathMatch, Redirect, RedirectPath};
use crate::shared::lock;

/// The header `location` of a redirect.
pub(super) fn location(to: &Redirect, state: &State) -> Vec<u8> {
    let headers = state.request_headers.as_ref();
    let get = |name: &[u8]| {
        headers
            .and_then(|headers| headers.get(name))
            .unwrap_or_default()
    };
    let is_tls = lock(&state.connection).tls.is_some();
    let own_scheme: &[u8] = if is_tls { b"https" } else { b"http" };
    let scheme = to
        .scheme
        .as_ref()
        .map_or(own_scheme, |scheme| scheme.as_bytes());
    let authority = get(b":authority");
    let (own_host, own_port) = split_port(authority);
    let host = to.host.as_ref().map_or(own_host, |host| host.as_bytes());
    let port = match (to.port, &to.host, own_port) {
        (Some(port), ..) => Some(port.to_string().into_bytes()),
        (None, None, Some(port)) if keeps_port(to, own_scheme, port) => Some(port.to_vec()),
        _ => None,
    };
    let path = get(b":path");
    let matched = state.route.as_ref().map(|route| &route.matching.path);
    let mut path = match &to.path {
        RedirectPath::Same => path.to_vec(),
        RedirectPath::Whole(whole) if whole.contains('?') => whole.clone().into_bytes(),
        RedirectPath::Whole(whole) => [whole.as_bytes(), query(path)].concat(),
        RedirectPath::Prefix(prefix) => with_prefix(path, matched, prefix),
    };
    if to.strip_query {
        path.truncate(path.len() - query(&path).len());
    }
    let mut location = [scheme, b"://", host].concat();
    if let Some(port) = port {
        location.push(b':');
        location.extend(port);
    }
    location.extend(path);
    location
}

/// A port that is the default of the request's scheme goes when the scheme changes.
fn keeps_port(to: &Redirect, own_scheme: &[u8], port: &[u8]) -> bool {
    let changes = to
        .scheme
        .as_ref()
        .is_some_and(|scheme| scheme.as_bytes() != own_scheme);
    let default: &[u8] = if own_scheme == b"https" {
        b"443"
    } else {
        b"80"
    };
    !changes || port != default
}

fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let colon = authority.iter().rposition(|byte| *byte == b':');
    let parts = colon.and_then(|at| Some((authority.get(..at)?, authority.get(at + 1..)?)));
    match parts {
        Some((host, port)) if !port.is_empty() && port.iter().all(u8::is_ascii_digit) => {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

/// `?` and what follows.
fn query(path: &[u8]) -> &[u8] {
    let at = path.iter().position(|byte| *byte == b'?');
    at.and_then(|at| path.get(at..)).unwrap_or_default()
}

/// The path with another beginning in place of what a route has matched; a pattern and a whole
/// path match all but the query.
pub(super) fn with_prefix(path: &[u8], matched: Option<&PathMatch>, prefix: &str) -> Vec<u8> {
    let len = match matched {
        Some(PathMatch::Prefix(matched) | PathMatch::SeparatedPrefix(matched)) => matched.len(),
        _ => path.len() - query(path).len(),
    };
    [prefix.as_bytes(), path.get(len..).unwrap_or_default()].concat()
}
