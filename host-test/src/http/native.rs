//! HTTP filters that Envoy itself brings.

use super::attributes::StreamAttributes;
use super::filter::{FilterKind, HeadersStatus, TrailersStatus};
use super::headers::HeaderMap;
use super::local_reply::{self, LocalReply};
use super::state::{Place, State};
use crate::config::format::WhenAbsent;
use crate::config::{AppendAction, HeaderMutation, HeaderMutations, Mutation};
use crate::connection::rbac::Visitor;
use crate::connection::runner::Runner;
use crate::shared::lock;

/// Which headers are changed.
#[derive(Clone, Copy)]
enum Which {
    Request,
    RequestTrailers,
    Response,
    ResponseTrailers,
}

pub(super) fn mutate_request(place: &Place) -> HeadersStatus {
    mutate(place, Which::Request);
    HeadersStatus::Continue
}

pub(super) fn mutate_request_trailers(place: &Place) -> TrailersStatus {
    mutate(place, Which::RequestTrailers);
    TrailersStatus::Continue
}

pub(super) fn mutate_response(place: &Place) -> HeadersStatus {
    mutate(place, Which::Response);
    HeadersStatus::Continue
}

pub(super) fn mutate_response_trailers(place: &Place) -> TrailersStatus {
    mutate(place, Which::ResponseTrailers);
    TrailersStatus::Continue
}

impl Which {
    fn steps(self, of: &HeaderMutation) -> &HeaderMutations {
        match self {
            Self::Request => &of.request,
            Self::RequestTrailers => &of.request_trailers,
            Self::Response => &of.response,
            Self::ResponseTrailers => &of.response_trailers,
        }
    }

    fn headers(self, state: &mut State) -> &mut Option<HeaderMap> {
        match self {
            Self::Request => &mut state.request_headers,
            Self::RequestTrailers => &mut state.request_trailers,
            Self::Response => &mut state.response_headers,
            Self::ResponseTrailers => &mut state.response_trailers,
        }
    }
}

fn mutate(place: &Place, which: Which) {
    let mut state = lock(&place.stream);
    let Some(FilterKind::HeaderMutation(mutation)) =
        state.filters.get(place.index).map(|filter| &filter.kind)
    else {
        return;
    };
    for step in which.steps(mutation).0.clone() {
        apply(&mut state, which, &step);
    }
}

fn apply(state: &mut State, which: Which, step: &Mutation) {
    match step {
        Mutation::Remove(name) => {
            if let Some(headers) = which.headers(state) {
                headers.remove(name.as_bytes());
            }
        }
        Mutation::RemoveOnMatch(test) => {
            if let Some(headers) = which.headers(state) {
                headers.remove_where(|name| test.matches(name));
            }
        }
        Mutation::Append {
            name,
            value,
            action,
            keep_empty_value,
        } => {
            let value = {
                let connection = lock(&state.connection);
                let attributes = StreamAttributes {
                    stream: state,
                    connection: &connection,
                };
                value.render(&attributes, WhenAbsent::Nothing)
            };
            let Some(headers) = which.headers(state) else {
                return;
            };
            if value.is_empty() && !keep_empty_value {
                return;
            }
            let name = name.as_bytes();
            let exists = headers.get(name).is_some();
            match action {
                AppendAction::AppendIfExistsOrAdd => headers.add(name, &value),
                AppendAction::AddIfAbsent if exists => {}
                AppendAction::AddIfAbsent => headers.add(name, &value),
                AppendAction::OverwriteIfExists if !exists => {}
                AppendAction::OverwriteIfExists | AppendAction::OverwriteIfExistsOrAdd => {
                    headers.replace(name, &value);
                }
            }
        }
    }
}

/// Refuses a request that the rules do not let pass.
pub(super) fn check(runner: &mut dyn Runner, place: &Place) -> HeadersStatus {
    let judgement = {
        let state = lock(&place.stream);
        let connection = lock(&state.connection);
        let Some(FilterKind::Rbac(rules)) =
            state.filters.get(place.index).map(|filter| &filter.kind)
        else {
            return HeadersStatus::Continue;
        };
        rules.judge(&Visitor {
            direct_remote: connection.addresses.direct_remote,
            remote: state.remote,
            local: connection.addresses.local,
            server_name: &connection.requested_server_name,
            states: [Some(&state.filter_state), Some(&connection.filter_state)],
            headers: state.request_headers.as_ref(),
        })
    };
    if judgement.is_allowed {
        return HeadersStatus::Continue;
    }
    let reply = LocalReply {
        code: 403,
        body: b"RBAC: access denied".to_vec(),
        details: judgement.details(),
        ..LocalReply::default()
    };
    local_reply::send(runner, &place.stream, reply);
    HeadersStatus::StopIteration
}
