//! Network filters.

use std::{sync::Arc, time::Duration};

use super::{
    access_log::access_logs,
    any::extension,
    http::http_connection_manager,
    message::{Message, message},
    place::{Choice, Place, choice},
    plugin::{data_source, plugin},
    rbac::rules,
};
use crate::config::NetworkFilter;

/// The `filters` of a filter chain.
pub(super) fn filters(m: &Message<'_>) -> Vec<NetworkFilter> {
    let filters = m.each("filters", |place| Some((filter(place)?, place.clone())));
    let count = filters.len();
    for (index, (filter, place)) in filters.iter().enumerate() {
        let is_last = index + 1 == count;
        // Envoy's words for these are terminal and non-terminal.
        match is_terminal(filter) {
            true if !is_last => place.problem("nothing may follow this filter: expected it last"),
            false if is_last => {
                place.problem("this filter cannot be the last one: expected another behind it");
            }
            _ => {}
        }
    }
    filters.into_iter().map(|(filter, _)| filter).collect()
}

fn is_terminal(filter: &NetworkFilter) -> bool {
    match filter {
        NetworkFilter::Wasm(_)
        | NetworkFilter::Rbac { .. }
        | NetworkFilter::ConnectionLimit { .. } => false,
        NetworkFilter::Echo
        | NetworkFilter::TcpProxy { .. }
        | NetworkFilter::DirectResponse { .. }
        | NetworkFilter::Http(_) => true,
    }
}

fn filter(place: &Place<'_>) -> Option<NetworkFilter> {
    const WASM: &str = "envoy.extensions.filters.network.wasm.v3.Wasm";
    const RBAC: &str = "envoy.extensions.filters.network.rbac.v3.RBAC";
    const LIMIT: &str = "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit";
    const ECHO: &str = "envoy.extensions.filters.network.echo.v3.Echo";
    const TCP_PROXY: &str = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
    const DIRECT: &str = "envoy.extensions.filters.network.direct_response.v3.Config";
    const HTTP: &str =
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let name = "envoy.config.listener.v3.Filter";
    let any = message(place, name, extension)??;
    match any.type_name.as_str() {
        WASM => any.message(WASM, |m| {
            let plugin = m.required("config").and_then(plugin)?;
            Some(NetworkFilter::Wasm(Arc::new(plugin)))
        })?,
        RBAC => any.message(RBAC, |m| {
            m.required_text("stat_prefix");
            NetworkFilter::Rbac {
                rbac: rules(m),
                continuous: m.choice_or("enforcement_type", ENFORCEMENTS, false),
            }
        }),
        LIMIT => any.message(LIMIT, |m| {
            m.required_text("stat_prefix");
            let max_connections = m
                .required("max_connections")
                .and_then(|place| place.unsigned(1, i64::MAX));
            Some(NetworkFilter::ConnectionLimit {
                max_connections: max_connections?,
            })
        })?,
        ECHO => any.message(ECHO, |_| NetworkFilter::Echo),
        TCP_PROXY => any.message(TCP_PROXY, tcp_proxy),
        DIRECT => any.message(DIRECT, |m| NetworkFilter::DirectResponse {
            body: m.one("response", data_source).unwrap_or_default(),
        }),
        HTTP => any.message(HTTP, |m| {
            NetworkFilter::Http(Box::new(http_connection_manager(m)))
        }),
        _ => any.unknown(
            "network filter",
            &[WASM, RBAC, LIMIT, ECHO, TCP_PROXY, DIRECT, HTTP],
        ),
    }
}

const ENFORCEMENTS: &[Choice<bool>] = &[
    choice("ONE_TIME_ON_FIRST_BYTE", 0, false),
    choice("CONTINUOUS", 1, true),
];

fn tcp_proxy(m: &Message<'_>) -> NetworkFilter {
    m.required_text("stat_prefix");
    let hour = Some(Duration::from_secs(3600));
    NetworkFilter::TcpProxy {
        cluster: cluster(m),
        idle_timeout: m.limit_or("idle_timeout", hour),
        access_logs: access_logs(m),
    }
}

/// The `cluster` that a message names: it must be there.
pub(super) fn cluster(m: &Message<'_>) -> String {
    let name = m.required_text("cluster");
    let Some(place) = m.get("cluster") else {
        return name;
    };
    let clusters = place.reading.clusters.borrow();
    if !name.is_empty() && !clusters.contains(&name) {
        let known: Vec<_> = clusters.iter().map(String::as_str).collect();
        place.problem(format!(
            "no cluster {name:?}: static_resources.clusters has {}",
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        ));
    }
    name
}
