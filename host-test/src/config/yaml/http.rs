//! The HTTP connection manager and its filters.

use std::sync::Arc;

use super::{
    access_log::{access_logs, format},
    any::extension,
    matching::string_match,
    message::{Message, message},
    place::{Choice, Place, choice},
    plugin::plugin,
    rbac::rules,
    route::virtual_hosts,
};
use crate::config::{
    AppendAction, Codec, HeaderMutation, HeaderMutations, HttpConnectionManager, HttpFilter,
    HttpTimeouts, Mutation, UnderscoresAction, format::Format,
};

/// An `HttpConnectionManager`.
pub(super) fn http_connection_manager(m: &Message<'_>) -> HttpConnectionManager {
    m.required_text("stat_prefix");
    let defaults = HttpConnectionManager::default();
    let mut timeouts = HttpTimeouts::default();
    timeouts.stream_idle = m.limit_or("stream_idle_timeout", timeouts.stream_idle);
    timeouts.request_headers = m.limit_or("request_headers_timeout", timeouts.request_headers);
    timeouts.drain = m
        .limit_or("drain_timeout", Some(timeouts.drain))
        .unwrap_or_default();
    let mut underscores = UnderscoresAction::Allow;
    m.one("common_http_protocol_options", |place| {
        message(place, "envoy.config.core.v3.HttpProtocolOptions", |m| {
            timeouts.idle = m.limit_or("idle_timeout", timeouts.idle);
            underscores = m.choice_or("headers_with_underscores_action", UNDERSCORES, underscores);
        })
    });
    let http1_trailers = m.one("http_protocol_options", |place| {
        message(place, "envoy.config.core.v3.Http1ProtocolOptions", |m| {
            m.boolean_or("enable_trailers", false)
        })
    });
    let server_name = m.text("server_name");
    HttpConnectionManager {
        codec: m.choice_or("codec_type", CODECS, Codec::Auto),
        use_remote_address: m.boolean_or("use_remote_address", false),
        xff_num_trusted_hops: m.u32("xff_num_trusted_hops").unwrap_or(0),
        skip_xff_append: m.boolean_or("skip_xff_append", false),
        normalize_path: m.boolean_or("normalize_path", false),
        merge_slashes: m.boolean_or("merge_slashes", false),
        generate_request_id: m.boolean_or("generate_request_id", true),
        http1_trailers: http1_trailers.unwrap_or(false),
        underscores,
        server_name: if server_name.is_empty() {
            defaults.server_name
        } else {
            server_name
        },
        timeouts,
        filters: filters(m),
        virtual_hosts: m
            .required("route_config")
            .map(virtual_hosts)
            .unwrap_or_default(),
        access_logs: access_logs(m),
    }
}

const CODECS: &[Choice<Codec>] = &[
    choice("AUTO", 0, Codec::Auto),
    choice("HTTP1", 1, Codec::Http1),
    choice("HTTP2", 2, Codec::Http2),
];

const UNDERSCORES: &[Choice<UnderscoresAction>] = &[
    choice("ALLOW", 0, UnderscoresAction::Allow),
    choice("REJECT_REQUEST", 1, UnderscoresAction::RejectRequest),
    choice("DROP_HEADER", 2, UnderscoresAction::DropHeader),
];

fn filters(m: &Message<'_>) -> Vec<HttpFilter> {
    let filters = m.each("http_filters", |place| {
        let (filter, disabled) = filter(place)?;
        Some((filter, disabled, place.clone()))
    });
    let count = filters.len();
    for (index, (filter, disabled, place)) in filters.iter().enumerate() {
        let is_last = index + 1 == count;
        match *filter == HttpFilter::Router {
            true if !is_last => place.problem("nothing may follow the router: expected it last"),
            false if is_last => place.problem("expected the router behind the last filter"),
            true if *disabled => place.problem("the router cannot be disabled"),
            _ => {}
        }
    }
    let enabled = filters.into_iter().filter(|(_, disabled, _)| !disabled);
    enabled.map(|(filter, ..)| filter).collect()
}

/// A filter, and whether it is disabled: no route can enable it here.
fn filter(place: &Place<'_>) -> Option<(HttpFilter, bool)> {
    const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
    const MUTATION: &str = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
    const RBAC: &str = "envoy.extensions.filters.http.rbac.v3.RBAC";
    const ROUTER: &str = "envoy.extensions.filters.http.router.v3.Router";
    let name = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter";
    let (any, disabled) = message(place, name, |m| {
        (extension(m), m.boolean_or("disabled", false))
    })?;
    let any = any?;
    let filter = match any.type_name.as_str() {
        WASM => any.message(WASM, |m| {
            let plugin = m.required("config").and_then(plugin)?;
            Some(HttpFilter::Wasm(Arc::new(plugin)))
        })?,
        MUTATION => any.message(MUTATION, |m| {
            let mutation = m.one("mutations", header_mutation).unwrap_or_default();
            HttpFilter::HeaderMutation(mutation)
        }),
        RBAC => any.message(RBAC, |m| HttpFilter::Rbac(rules(m))),
        ROUTER => any.message(ROUTER, |_| HttpFilter::Router),
        _ => any.unknown("HTTP filter", &[WASM, MUTATION, RBAC, ROUTER]),
    };
    Some((filter?, disabled))
}

fn header_mutation(place: &Place<'_>) -> Option<HeaderMutation> {
    let name = "envoy.extensions.filters.http.header_mutation.v3.Mutations";
    message(place, name, |m| HeaderMutation {
        request: HeaderMutations(m.each("request_mutations", mutation)),
        request_trailers: HeaderMutations(m.each("request_trailers_mutations", mutation)),
        response: HeaderMutations(m.each("response_mutations", mutation)),
        response_trailers: HeaderMutations(m.each("response_trailers_mutations", mutation)),
    })
}

fn mutation(place: &Place<'_>) -> Option<Mutation> {
    message(
        place,
        "envoy.config.common.mutation_rules.v3.HeaderMutation",
        |m| {
            let (kind, place) = m.exactly_one_of(&["remove", "append", "remove_on_match"])?;
            match kind {
                "remove" => header_name(place).map(Mutation::Remove),
                "append" => append(place),
                _ => {
                    let name = "envoy.config.common.mutation_rules.v3.HeaderMutation.RemoveOnMatch";
                    message(place, name, |m| {
                        m.required("key_matcher")
                            .and_then(string_match)
                            .map(Mutation::RemoveOnMatch)
                    })?
                }
            }
        },
    )?
}

const ACTIONS: &[Choice<AppendAction>] = &[
    choice(
        "APPEND_IF_EXISTS_OR_ADD",
        0,
        AppendAction::AppendIfExistsOrAdd,
    ),
    choice("ADD_IF_ABSENT", 1, AppendAction::AddIfAbsent),
    choice(
        "OVERWRITE_IF_EXISTS_OR_ADD",
        2,
        AppendAction::OverwriteIfExistsOrAdd,
    ),
    choice("OVERWRITE_IF_EXISTS", 3, AppendAction::OverwriteIfExists),
];

fn append(place: &Place<'_>) -> Option<Mutation> {
    message(place, "envoy.config.core.v3.HeaderValueOption", |m| {
        let action = m.choice_or("append_action", ACTIONS, AppendAction::default());
        let keep_empty_value = m.boolean_or("keep_empty_value", false);
        let header = m.required("header").and_then(|place| {
            message(place, "envoy.config.core.v3.HeaderValue", |m| {
                let name = m.required("key").and_then(|place| {
                    let name = header_name(place)?;
                    if name.starts_with(':') || name == "host" {
                        place.problem(format!("{name} cannot be added or replaced"));
                    }
                    Some(name)
                });
                let value = match m.get("value") {
                    Some(place) => format(place)?,
                    None => Format::default(),
                };
                Some((name?, value))
            })?
        });
        let (name, value) = header?;
        Some(Mutation::Append {
            name,
            value,
            action,
            keep_empty_value,
        })
    })?
}

/// The name of a header, in lower case.
pub(super) fn header_name(place: &Place<'_>) -> Option<String> {
    let text = place.text()?;
    if text.is_empty() || text.bytes().any(|byte| matches!(byte, 0 | b'\n' | b'\r')) {
        place.problem(format!("{text:?} is not the name of a header"));
    }
    Some(text.to_ascii_lowercase())
}
