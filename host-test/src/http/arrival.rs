//! What happens to a request before its filters see it (`ActiveStream::decodeHeaders`).

use super::flow::Start;
use super::forwarded::{self, Hop};
use super::headers::HeaderMap;
use super::local_reply::{self, LocalReply};
use super::state::{Handle, Protocol, State};
use super::{decode, departure, manager, path, routing, timeouts};
use crate::config::{RouteAction, UnderscoresAction};
use crate::connection::runner::Runner;
use crate::shared::lock;

/// The headers of a request have come.
pub(super) fn on_headers(
    runner: &mut dyn Runner,
    stream: &Handle,
    headers: HeaderMap,
    is_end: bool,
) {
    timeouts::has_headers(runner, stream);
    let wants_continue = {
        let mut state = lock(stream);
        state.is_protocol_known = true;
        state.is_head = headers.get(b":method") == Some(b"HEAD");
        state.is_grpc = is_grpc(&headers);
        let expect = headers.get(b"expect").unwrap_or_default();
        let wants_continue = expect.eq_ignore_ascii_case(b"100-continue");
        state.request_headers = Some(headers);
        wants_continue
    };
    if wants_continue {
        departure::go_ahead(runner, stream);
        if let Some(headers) = &mut lock(stream).request_headers {
            headers.remove(b"expect");
        }
    }
    if wants_close(stream) {
        manager::note_close(stream);
    }
    let reason = check(&mut lock(stream));
    if let Some(reason) = reason {
        let (place, protocol) = {
            let state = lock(stream);
            (state.place(), state.protocol)
        };
        if reason.code == 400 && protocol != Protocol::Http2 {
            manager::set_closing(&place);
        }
        local_reply::send(runner, stream, reason);
        return;
    }
    let is_upgrade = {
        let mut state = lock(stream);
        complete(runner, &mut state)
    };
    manager::create_filters(runner, stream);
    if is_upgrade {
        let place = lock(stream).place();
        manager::set_closing(&place);
        local_reply::send(runner, stream, refusal(403, "upgrade_failed"));
        return;
    }
    decode::headers(runner, stream, Start::First, is_end);
}

fn refusal(code: u16, details: &str) -> LocalReply {
    LocalReply {
        code,
        details: details.into(),
        ..LocalReply::default()
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(b"content-type").unwrap_or_default();
    let rest = kind.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

fn wants_close(stream: &Handle) -> bool {
    let state = lock(stream);
    let headers = state.request_headers.as_ref();
    let connection = headers.and_then(|headers| headers.joined(b"connection"));
    let connection = connection.unwrap_or_default().to_ascii_lowercase();
    let mut tokens = connection
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii);
    state.protocol != Protocol::Http2 && tokens.any(|token| token == b"close")
}

/// Why a request is refused before any filter sees it.
fn check(state: &mut State) -> Option<LocalReply> {
    let blueprint = state.blueprint.clone();
    let config = &blueprint.config;
    let headers = state.request_headers.as_mut()?;
    if headers.get(b":authority").is_none_or(<[u8]>::is_empty) {
        return Some(refusal(400, "missing_host_header"));
    }
    let has_underscore = |name: &[u8]| name.contains(&b'_');
    match config.underscores {
        UnderscoresAction::Allow => {}
        UnderscoresAction::DropHeader => headers.remove_where(has_underscore),
        UnderscoresAction::RejectRequest => {
            if headers.iter().any(|(name, _)| has_underscore(name)) {
                let details = match state.protocol {
                    Protocol::Http2 => "http2.unexpected_underscore",
                    _ => "http1.unexpected_underscore",
                };
                return Some(refusal(400, details));
            }
        }
    }
    let path = headers.get(b":path")?.to_vec();
    if !path.starts_with(b"/") {
        return Some(refusal(404, "absolute_path_rejected"));
    }
    match path::normalized(&path, config.normalize_path, config.merge_slashes) {
        Some(normalized) => headers.overwrite(b":path", &normalized),
        None => return Some(refusal(400, "path_normalization_failed")),
    }
    None
}

/// Completes the headers and chooses the route. Whether the client wants another protocol.
fn complete(runner: &mut dyn Runner, state: &mut State) -> bool {
    let blueprint = state.blueprint.clone();
    let config = &blueprint.config;
    let hop = {
        let connection = lock(&state.connection);
        Hop {
            remote: connection.addresses.remote,
            own_ip: [127, 0, 0, 1].into(),
            is_tls: connection.tls.is_some(),
        }
    };
    let Some(headers) = &mut state.request_headers else {
        return false;
    };
    state.remote = forwarded::mutate(headers, config, hop, &runner.shared().random);
    let chosen = routing::choose(&config.virtual_hosts, headers);
    let is_upgrade = forwarded::is_upgrade(headers);
    if let Some(chosen) = chosen {
        state.virtual_host = Some(chosen.virtual_host);
        state.route = chosen.route;
        state.cluster = state.route.as_ref().and_then(|route| match &route.action {
            RouteAction::Cluster { cluster, .. } if runner.has_cluster(cluster) => {
                Some(cluster.clone())
            }
            _ => None,
        });
    }
    is_upgrade
}
