//! Where a request goes: to an upstream, or back with an answer of the route.

use super::body::Source;
use super::filter::{DataStatus, HeadersStatus, TrailersStatus};
use super::flow::Start;
use super::headers::HeaderMap;
use super::local_reply::{self, LocalReply};
use super::state::{Handle, Place, State};
use super::{encode, ending, redirect, timeouts};
use crate::config::RouteAction;
use crate::connection::runner::Runner;
use crate::shared::lock;

/// A request has come to the router.
pub(super) fn on_headers(runner: &mut dyn Runner, place: &Place, is_end: bool) -> HeadersStatus {
    let reply = {
        let mut state = lock(&place.stream);
        state.refresh_route();
        let action = state.route.as_ref().map(|route| route.action.clone());
        match action {
            None => {
                state.response_flags.push("NR");
                Some(reply(404, "route_not_found", Vec::new()))
            }
            Some(RouteAction::DirectResponse { status, body }) => {
                Some(reply(status, "direct_response", body))
            }
            Some(RouteAction::Redirect(to)) => {
                let location = redirect::location(&to, &state);
                let mut reply = reply(to.status, "direct_response", Vec::new());
                reply.headers.push((b"location".to_vec(), location));
                Some(reply)
            }
            Some(RouteAction::Cluster { cluster, .. }) if !runner.has_cluster(&cluster) => {
                state.response_flags.push("NC");
                Some(reply(503, "cluster_not_found", Vec::new()))
            }
            Some(action @ RouteAction::Cluster { .. }) => {
                let now = runner.shared().clock.monotonic_nanos();
                send_upstream(&mut state, &action, now, is_end);
                drop(state);
                ready(runner, &place.stream);
                return HeadersStatus::StopIteration;
            }
        }
    };
    if let Some(reply) = reply {
        local_reply::send(runner, &place.stream, reply);
    }
    HeadersStatus::StopIteration
}

fn reply(code: u16, details: &str, body: Vec<u8>) -> LocalReply {
    LocalReply {
        code,
        body,
        details: details.into(),
        ..LocalReply::default()
    }
}

fn send_upstream(state: &mut State, action: &RouteAction, now_nanos: u64, is_end: bool) {
    let RouteAction::Cluster {
        cluster,
        timeout,
        prefix_rewrite,
        host_rewrite,
    } = action
    else {
        return;
    };
    let matched = state
        .route
        .as_ref()
        .map(|route| route.matching.path.clone());
    let Some(headers) = &mut state.request_headers else {
        return;
    };
    if let Some(timeout) = timeout.filter(|timeout| !timeout.is_zero()) {
        let millis = timeout.as_millis().to_string();
        headers.overwrite(b"x-envoy-expected-rq-timeout-ms", millis.as_bytes());
    }
    if !prefix_rewrite.is_empty()
        && let Some(path) = headers.get(b":path").map(<[u8]>::to_vec)
    {
        let rewritten = redirect::with_prefix(&path, matched.as_ref(), prefix_rewrite);
        headers.overwrite(b"x-envoy-original-path", &path);
        headers.overwrite(b":path", &rewritten);
    }
    if !host_rewrite.is_empty() {
        headers.overwrite(b":authority", host_rewrite.as_bytes());
    }
    let headers = headers.clone();
    let upstream = &mut state.upstream;
    upstream.cluster = Some(cluster.clone());
    upstream.sent_nanos = Some(now_nanos);
    upstream.headers = headers;
    upstream.is_complete = is_end;
}

/// A part of the body has come to the router.
pub(super) fn on_data(
    runner: &mut dyn Runner,
    place: &Place,
    source: Source,
    is_end: bool,
) -> DataStatus {
    {
        let mut state = lock(&place.stream);
        let bytes = state.request.source(source).map(std::mem::take);
        if state.upstream.cluster.is_some() {
            state.upstream.body.extend(bytes.unwrap_or_default());
            state.upstream.is_complete |= is_end;
        }
    }
    ready(runner, &place.stream);
    DataStatus::StopNoBuffer
}

/// The trailers have come to the router.
pub(super) fn on_trailers(runner: &mut dyn Runner, place: &Place) -> TrailersStatus {
    {
        let mut state = lock(&place.stream);
        if state.upstream.cluster.is_some() {
            state.upstream.trailers = state.request_trailers.clone();
            state.upstream.is_complete = true;
        }
    }
    ready(runner, &place.stream);
    TrailersStatus::StopIteration
}

/// Lets an upstream answer that has the whole request.
fn ready(runner: &mut dyn Runner, stream: &Handle) {
    if lock(stream).upstream.is_complete {
        timeouts::asked(runner, stream);
        runner.answerable(stream);
    }
}

/// The upstream has begun to answer.
pub(crate) fn respond_headers(
    runner: &mut dyn Runner,
    stream: &Handle,
    mut headers: HeaderMap,
    is_end: bool,
) {
    let now = runner.shared().clock.monotonic_nanos();
    let is_end = {
        let mut state = lock(stream);
        if !awaits_response(&state) || state.response_headers.is_some() {
            return;
        }
        let is_end = is_end || has_no_body(&state.upstream.headers, &headers);
        if state.upstream.is_complete {
            let since = state.upstream.sent_nanos.unwrap_or(now);
            let millis = now.saturating_sub(since) / 1_000_000;
            headers.overwrite(
                b"x-envoy-upstream-service-time",
                millis.to_string().as_bytes(),
            );
        }
        let code = headers
            .get(b":status")
            .and_then(|code| std::str::from_utf8(code).ok());
        state.response_code = code.and_then(|code| code.parse().ok());
        // Such a response has no body, so Envoy's client of HTTP/1 drops a length of zero.
        let is_bodiless = state
            .response_code
            .is_some_and(|code| code < 200 || code == 204);
        if is_bodiless && headers.get(b"content-length") == Some(b"0") {
            headers.remove(b"content-length");
        }
        state.response_code_details = Some("via_upstream".into());
        state.response_headers = Some(headers);
        state.upstream.answered_nanos = Some(now);
        state.upstream.ended_nanos = is_end.then_some(now);
        is_end
    };
    encode::headers(runner, stream, Start::First, is_end);
}

/// Whether nothing can follow these headers of a response.
fn has_no_body(request: &HeaderMap, response: &HeaderMap) -> bool {
    request.get(b":method") == Some(b"HEAD")
        || matches!(response.get(b":status"), Some(b"204" | b"304"))
}

/// The upstream goes on with its answer.
pub(crate) fn respond_data(runner: &mut dyn Runner, stream: &Handle, bytes: Vec<u8>, is_end: bool) {
    let now = runner.shared().clock.monotonic_nanos();
    {
        let mut state = lock(stream);
        if !awaits_response(&state) || state.response_headers.is_none() {
            return;
        }
        state.response.frame = bytes;
        state.upstream.ended_nanos = is_end.then_some(now);
    }
    encode::data(runner, stream, Start::First, Source::Frame, is_end);
}

/// The upstream ends its answer with trailers.
pub(crate) fn respond_trailers(runner: &mut dyn Runner, stream: &Handle, trailers: HeaderMap) {
    let now = runner.shared().clock.monotonic_nanos();
    {
        let mut state = lock(stream);
        if !awaits_response(&state) || state.response_headers.is_none() {
            return;
        }
        state.response_trailers = Some(trailers);
        state.upstream.ended_nanos = Some(now);
    }
    encode::trailers(runner, stream, Start::First);
}

/// The upstream has closed its connection.
pub(crate) fn upstream_reset(runner: &mut dyn Runner, stream: &Handle) {
    let now = runner.shared().clock.monotonic_nanos();
    let has_begun = {
        let mut state = lock(stream);
        if !awaits_response(&state) {
            return;
        }
        state.upstream.ended_nanos = Some(now);
        let has_begun = state.response_headers.is_some();
        state.response_flags.push("UC");
        if has_begun {
            let details = "upstream_reset_after_response_started{connection_termination}";
            state.response_code_details = Some(details.into());
        }
        has_begun
    };
    if has_begun {
        ending::reset(runner, stream);
        return;
    }
    let body = "upstream connect error or disconnect/reset before headers. \
                reset reason: connection termination";
    let details = "upstream_reset_before_response_started{connection_termination}";
    local_reply::send(runner, stream, reply(503, details, body.into()));
}

/// The upstream has not answered to the end in time.
pub(super) fn timed_out(runner: &mut dyn Runner, stream: &Handle) {
    const DETAILS: &str = "response_timeout";
    let now = runner.shared().clock.unix_nanos();
    let has_begun = {
        let mut state = lock(stream);
        if !awaits_response(&state) {
            return;
        }
        state.upstream.ended_nanos = Some(now);
        state.response_flags.push("UT");
        state.response_headers.is_some()
    };
    if has_begun {
        lock(stream).response_code_details = Some(DETAILS.into());
        ending::reset(runner, stream);
        return;
    }
    let body = "upstream request timeout";
    local_reply::send(runner, stream, reply(504, DETAILS, body.into()));
}

/// Whether an upstream has the request and may still answer it.
fn awaits_response(state: &State) -> bool {
    state.upstream.cluster.is_some()
        && state.upstream.ended_nanos.is_none()
        && !state.is_destroyed
        && !state.is_answered
}
