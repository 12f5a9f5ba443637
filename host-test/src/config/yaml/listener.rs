//! Listeners, their addresses and their filters.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{
    access_log::access_logs,
    any::extension,
    chain::{distinct, filter_chain},
    message::message,
    place::{Choice, Place, choice},
};
use crate::config::{Listener, ListenerFilter, TrafficDirection};

/// An item of `listeners`.
pub(super) fn listener(place: &Place<'_>) -> Option<Listener> {
    message(place, "envoy.config.listener.v3.Listener", |m| {
        let defaults = Listener::default();
        let mut addresses = m.required("address").and_then(address).unwrap_or_default();
        for more in m.each("additional_addresses", additional_address) {
            addresses.extend(more);
        }
        let chains = m.each("filter_chains", |place| {
            Some((filter_chain(place)?, place.clone()))
        });
        distinct(&chains);
        let default_chain = m.one("default_filter_chain", filter_chain);
        if chains.is_empty() && m.get("default_filter_chain").is_none() {
            m.problem("filter_chains is missing");
        }
        Listener {
            name: m.text("name"),
            addresses,
            direction: m.choice_or("traffic_direction", DIRECTIONS, defaults.direction),
            listener_filters: m.each("listener_filters", listener_filter),
            listener_filters_timeout: m.limit_or(
                "listener_filters_timeout",
                defaults.listener_filters_timeout,
            ),
            continue_on_listener_filters_timeout: m
                .boolean_or("continue_on_listener_filters_timeout", false),
            buffer_limit_bytes: m
                .u32("per_connection_buffer_limit_bytes")
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(defaults.buffer_limit_bytes),
            chains: chains.into_iter().map(|(chain, _)| chain).collect(),
            default_chain,
            access_logs: access_logs(m),
        }
    })
}

const DIRECTIONS: &[Choice<TrafficDirection>] = &[
    choice("UNSPECIFIED", 0, TrafficDirection::Unspecified),
    choice("INBOUND", 1, TrafficDirection::Inbound),
    choice("OUTBOUND", 2, TrafficDirection::Outbound),
];

fn additional_address(place: &Place<'_>) -> Option<Vec<SocketAddr>> {
    message(place, "envoy.config.listener.v3.AdditionalAddress", |m| {
        m.required("address").and_then(address)
    })?
}

/// An `Address`; two of them where IPv4 comes through IPv6.
fn address(place: &Place<'_>) -> Option<Vec<SocketAddr>> {
    message(place, "envoy.config.core.v3.Address", |m| {
        m.required("socket_address").and_then(socket_address)
    })?
}

fn socket_address(place: &Place<'_>) -> Option<Vec<SocketAddr>> {
    message(place, "envoy.config.core.v3.SocketAddress", |m| {
        let ip = m.required("address").and_then(ip);
        let port = m
            .required("port_value")
            .and_then(|place| place.unsigned::<u16>(0, 65_535));
        let both = m.boolean_or("ipv4_compat", false);
        let (ip, port) = (ip?, port?);
        let mut addresses = vec![SocketAddr::new(ip, port)];
        match ip {
            IpAddr::V6(ip) if both && ip.is_unspecified() => {
                addresses.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
            }
            _ => {}
        }
        Some(addresses)
    })?
}

/// An IP address.
pub(super) fn ip(place: &Place<'_>) -> Option<IpAddr> {
    let text = place.text()?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        place.problem(format!("expected an IP address, found {text:?}"));
    }
    parsed
}

fn listener_filter(place: &Place<'_>) -> Option<ListenerFilter> {
    const ORIGINAL_DST: &str = "envoy.extensions.filters.listener.original_dst.v3.OriginalDst";
    const PROXY: &str = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";
    const TLS: &str = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
    let name = "envoy.config.listener.v3.ListenerFilter";
    let any = message(place, name, extension)??;
    match any.type_name.as_str() {
        ORIGINAL_DST => any.message(ORIGINAL_DST, |_| ListenerFilter::OriginalDestination),
        PROXY => any.message(PROXY, |m| ListenerFilter::ProxyProtocol {
            allow_requests_without_proxy_protocol: m
                .boolean_or("allow_requests_without_proxy_protocol", false),
        }),
        TLS => any.message(TLS, |_| ListenerFilter::TlsInspector),
        _ => any.unknown("listener filter", &[ORIGINAL_DST, PROXY, TLS]),
    }
}
