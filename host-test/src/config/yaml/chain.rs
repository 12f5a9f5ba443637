//! Filter chains: when they are taken, and what encrypts them.

use ipnet::IpNet;

use super::{
    any::extension, listener::ip, message::message, network::filters, place::Place,
    plugin::data_source,
};
use crate::config::{ChainMatch, FilterChain, TransportSocket};

/// A `FilterChain`.
pub(super) fn filter_chain(place: &Place<'_>) -> Option<FilterChain> {
    message(place, "envoy.config.listener.v3.FilterChain", |m| {
        FilterChain {
            name: m.text("name"),
            matching: m.one("filter_chain_match", chain_match).unwrap_or_default(),
            transport: m
                .one("transport_socket", transport_socket)
                .unwrap_or_default(),
            filters: filters(m),
        }
    })
}

fn chain_match(place: &Place<'_>) -> Option<ChainMatch> {
    let found = message(place, "envoy.config.listener.v3.FilterChainMatch", |m| {
        ChainMatch {
            destination_port: m.one("destination_port", port),
            destination_networks: m.each("prefix_ranges", cidr_range),
            server_names: m.each("server_names", server_name),
            transport_protocol: m
                .one("transport_protocol", Place::text)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
            application_protocols: m.each("application_protocols", owned),
            direct_source_networks: m.each("direct_source_prefix_ranges", cidr_range),
            source_networks: m.each("source_prefix_ranges", cidr_range),
            source_ports: m.each("source_ports", port),
        }
    })?;
    let twice = repeats(&found.destination_networks)
        || repeats(&found.server_names)
        || repeats(&found.application_protocols)
        || repeats(&found.direct_source_networks)
        || repeats(&found.source_networks)
        || repeats(&found.source_ports);
    if twice {
        place.problem("one of the lists holds something twice");
    }
    Some(found)
}

fn repeats<T: PartialEq>(list: &[T]) -> bool {
    let before = |index| list.iter().take(index);
    list.iter()
        .enumerate()
        .any(|(index, item)| before(index).any(|other| other == item))
}

fn port(place: &Place<'_>) -> Option<u16> {
    place.unsigned(1, 65_535)
}

fn owned(place: &Place<'_>) -> Option<String> {
    place.text().map(str::to_owned)
}

fn server_name(place: &Place<'_>) -> Option<String> {
    let text = place.text()?;
    let whole = text.strip_prefix("*.").unwrap_or(text);
    if whole.contains('*') {
        place.problem(format!(
            "{text:?} has a * elsewhere than in front: expected such as *.example.org"
        ));
    }
    Some(text.to_ascii_lowercase())
}

/// A `CidrRange`.
pub(super) fn cidr_range(place: &Place<'_>) -> Option<IpNet> {
    message(place, "envoy.config.core.v3.CidrRange", |m| {
        let ip = m.required("address_prefix").and_then(ip);
        let length: Option<u8> = m.one("prefix_len", |place| place.unsigned(0, 128));
        let (ip, length) = (ip?, length.unwrap_or(0));
        let net = IpNet::new(ip, length);
        net.map(|net| net.trunc())
            .map_err(|_| m.problem(format!("prefix_len is {length}, expected 32 at most")))
            .ok()
    })?
}

fn transport_socket(place: &Place<'_>) -> Option<TransportSocket> {
    const TLS: &str = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
    const RAW: &str = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";
    let name = "envoy.config.core.v3.TransportSocket";
    let any = message(place, name, extension)??;
    match any.type_name.as_str() {
        RAW => any.message(RAW, |_| TransportSocket::Raw),
        TLS => any.message(TLS, |m| {
            if let Some(place) = m.required("common_tls_context") {
                common_tls_context(place);
            }
            TransportSocket::Tls {
                require_client_certificate: m.boolean_or("require_client_certificate", false),
            }
        }),
        _ => any.unknown("transport socket", &[TLS, RAW]),
    }
}

/// Nothing of it counts, but its files must be there.
fn common_tls_context(place: &Place<'_>) {
    let name = "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext";
    message(place, name, |m| {
        let certificates = m.each("tls_certificates", |place| {
            let name = "envoy.extensions.transport_sockets.tls.v3.TlsCertificate";
            message(place, name, |m| {
                m.required("certificate_chain").and_then(data_source);
                m.required("private_key").and_then(data_source);
            })
        });
        if certificates.is_empty() && m.get("tls_certificate_sds_secret_configs").is_none() {
            m.problem("tls_certificates is missing");
        }
        m.one("validation_context", |place| {
            let name = "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext";
            message(place, name, |m| {
                m.one("trusted_ca", data_source);
            })
        });
    });
}

/// Reports two chains that could both be the best match; Envoy refuses them.
pub(super) fn distinct(chains: &[(FilterChain, Place<'_>)]) {
    for (index, (chain, place)) in chains.iter().enumerate() {
        let same = chains
            .iter()
            .take(index)
            .position(|(other, _)| overlap(&chain.matching, &other.matching));
        if let Some(other) = same {
            place.problem(format!(
                "filter_chain_match matches what that of filter_chains[{other}] matches"
            ));
        }
    }
}

fn overlap(a: &ChainMatch, b: &ChainMatch) -> bool {
    a.destination_port == b.destination_port
        && a.transport_protocol == b.transport_protocol
        && common(&a.destination_networks, &b.destination_networks)
        && common(&a.server_names, &b.server_names)
        && common(&a.application_protocols, &b.application_protocols)
        && common(&a.direct_source_networks, &b.direct_source_networks)
        && common(&a.source_networks, &b.source_networks)
        && common(&a.source_ports, &b.source_ports)
}

/// Whether two lists have an item in common, or both are empty, which stands for anything.
fn common<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.iter().any(|item| b.contains(item)) || (a.is_empty() && b.is_empty())
}
