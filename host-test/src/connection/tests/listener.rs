//! What happens before a network filter hears of a connection, and TLS.

use std::time::Duration;

use super::{client, host_of, http, listener, log, logged, plugin};
use crate::Host;
use crate::config::{
    ChainMatch, FilterChain, Listener, ListenerFilter, NetworkFilter, TransportSocket,
};
use crate::connection::{By, Connect, ConnectError, ConnectionId, Request, Response};
use crate::network::TlsInfo;

fn echo(listener_filters: Vec<ListenerFilter>, transport: TransportSocket) -> Host {
    let filters = vec![NetworkFilter::Wasm(plugin("one", &[])), NetworkFilter::Echo];
    let mut listener = Listener {
        listener_filters,
        ..listener(filters)
    };
    listener.chains[0].transport = transport;
    host_of(listener)
}

const TLS: TransportSocket = TransportSocket::Tls {
    require_client_certificate: false,
};

const PROXY: ListenerFilter = ListenerFilter::ProxyProtocol {
    allow_requests_without_proxy_protocol: false,
};

fn count(host: &Host, counter: &str) -> u64 {
    let name = format!("listener.192.0.2.1_443.{counter}");
    host.shared().metrics.value(&name).unwrap_or(0)
}

fn is_accepted(host: &Host, id: ConnectionId) -> bool {
    host.connection(id).unwrap().is_accepted
}

#[test]
fn nobody_listens_elsewhere() {
    let mut host = echo(Vec::new(), TransportSocket::Raw);
    let elsewhere = "192.0.2.2:443".parse().unwrap();
    let connect = Connect {
        destination: elsewhere,
        ..client()
    };
    assert_eq!(
        host.connect(0, connect),
        Err(ConnectError::Refused(elsewhere))
    );
    assert_eq!(host.connect(1, client()), Err(ConnectError::NoWorker(1)));
}

#[test]
fn a_redirected_connection_keeps_its_destination() {
    let mut host = echo(
        vec![ListenerFilter::OriginalDestination],
        TransportSocket::Raw,
    );
    let connect = Connect {
        destination: "198.51.100.1:23".parse().unwrap(),
        ..client()
    };
    let id = host.connect(0, connect).unwrap();
    host.close(id, By::Client).unwrap();
    assert_eq!(logged(&host, &["destination"]), "198.51.100.1:23");
}

#[test]
fn a_proxy_header_replaces_the_addresses() {
    let proxied = Connect {
        proxied: Some((
            "203.0.113.7:1234".parse().unwrap(),
            "192.0.2.9:5678".parse().unwrap(),
        )),
        ..client()
    };
    let mut host = echo(vec![PROXY], TransportSocket::Raw);
    let id = host.connect(0, proxied.clone()).unwrap();
    host.close(id, By::Client).unwrap();
    assert_eq!(
        logged(&host, &["source", "peer", "destination"]),
        "203.0.113.7:1234 198.51.100.7:4000 192.0.2.9:5678"
    );
    // Where nobody reads the header, it is data.
    let mut host = echo(Vec::new(), TransportSocket::Raw);
    let id = host.connect(0, proxied).unwrap();
    let echoed = host.connection(id).unwrap().sent_to_client;
    assert_eq!(echoed, b"PROXY TCP4 203.0.113.7 192.0.2.9 1234 5678\r\n");
}

#[test]
fn who_leaves_out_the_proxy_header_is_closed() {
    let mut host = echo(vec![PROXY], TransportSocket::Raw);
    let id = host.connect(0, client()).unwrap();
    host.send(id, b"GET / HTTP/1.1\r\n").unwrap();
    assert!(!host.connection(id).unwrap().is_open);
    assert!(!is_accepted(&host, id));
    assert_eq!(
        host.shared()
            .metrics
            .value("downstream_cx_proxy_proto_error"),
        Some(1)
    );
    assert_eq!(
        logged(&host, &["source", "received"]),
        "198.51.100.7:4000 0"
    );
}

#[test]
fn connections_that_end_before_a_listener_filter_decides_are_swallowed() {
    for filter in [PROXY, ListenerFilter::TlsInspector] {
        let mut host = echo(vec![filter], TransportSocket::Raw);
        let start = host.shared().log.len();
        let id = host.connect(0, client()).unwrap();
        assert!(host.connection(id).unwrap().is_open);
        host.close(id, By::Client).unwrap();
        assert!(!host.connection(id).unwrap().is_open);
        assert_eq!(log(&host, start), Vec::<String>::new(), "{filter:?}");
        assert_eq!(count(&host, "downstream_listener_filter_remote_close"), 1);
        assert_eq!(host.shared().access_log.since(0).len(), 1);
    }
}

#[test]
fn a_request_is_what_a_listener_filter_decides_by() {
    let mut host = host_of(Listener {
        listener_filters: vec![ListenerFilter::TlsInspector],
        ..listener(vec![http(vec![plugin("one", &[])])])
    });
    host.set_default_response(Some(&Response::new(200).body("hi")));
    let id = host.connect(0, client()).unwrap();
    let stream = host.request(id, &Request::new("GET", "/", "h")).unwrap();
    assert_eq!(host.stream(stream).unwrap().response_body, b"hi");
}

#[test]
fn listener_filters_have_their_time() {
    let mut host = echo(vec![ListenerFilter::TlsInspector], TransportSocket::Raw);
    let id = host.connect(0, client()).unwrap();
    host.advance(Duration::from_secs(14)).unwrap();
    assert!(host.connection(id).unwrap().is_open);
    host.advance(Duration::from_secs(1)).unwrap();
    assert!(!host.connection(id).unwrap().is_open);
    assert_eq!(count(&host, "downstream_pre_cx_timeout"), 1);
}

#[test]
fn a_server_name_chooses_the_chain() {
    let named = |name: &str, server_name: &str| FilterChain {
        name: name.into(),
        matching: ChainMatch {
            server_names: vec![server_name.into()],
            ..ChainMatch::default()
        },
        transport: TLS,
        filters: vec![NetworkFilter::Wasm(plugin(name, &[])), NetworkFilter::Echo],
    };
    let mut host = host_of(Listener {
        listener_filters: vec![ListenerFilter::TlsInspector],
        chains: vec![named("a", "a.example.org"), named("rest", "*.example.org")],
        ..listener(Vec::new())
    });
    for (server_name, chain) in [
        ("A.example.org", Some("a")),
        ("b.example.org", Some("rest")),
        ("c", None),
    ] {
        let start = host.shared().log.len();
        let tls = TlsInfo {
            server_name: server_name.into(),
            ..TlsInfo::default()
        };
        let connect = Connect {
            tls: Some(tls),
            ..client()
        };
        let id = host.connect(0, connect).unwrap();
        assert_eq!(is_accepted(&host, id), chain.is_some(), "{server_name}");
        let wanted = chain.map(|chain| format!("{chain} context_create"));
        assert_eq!(log(&host, start).first(), wanted.as_ref(), "{server_name}");
    }
    assert_eq!(count(&host, "no_filter_chain_match"), 1);
    assert_eq!(logged(&host, &["name", "flags"]), "c NR");
}

#[test]
fn filters_hear_of_tls_before_the_handshake_and_of_its_failure() {
    let end_of_greeting =
        "TLS_error:|268435612:SSL_routines:OPENSSL_internal:HTTP_REQUEST:TLS_error_end";
    let no_tls =
        "TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end";
    for (bytes, failure) in [
        (&b"GET / HTTP/1.1\r\n"[..], end_of_greeting),
        (b"SSH-2.0-x\r\n", no_tls),
        (b"\x16\x03", "none"),
        (b"", "none"),
    ] {
        let mut host = echo(Vec::new(), TLS);
        let start = host.shared().log.len();
        let id = host.connect(0, client()).unwrap();
        host.send(id, bytes).unwrap();
        host.close(id, By::Client).unwrap();
        let wanted = [
            "one context_create",
            "one new_connection",
            "one downstream_connection_close",
            "one done",
            "one log",
            "one delete",
        ];
        assert_eq!(log(&host, start), wanted);
        assert_eq!(
            logged(&host, &["tls", "version"]),
            format!("{failure} TLSv1.2")
        );
    }
}

#[test]
fn a_client_without_the_certificate_it_needs_is_refused() {
    let required = TransportSocket::Tls {
        require_client_certificate: true,
    };
    for is_mutual in [false, true] {
        let mut host = echo(Vec::new(), required);
        let tls = TlsInfo {
            is_mutual,
            ..TlsInfo::default()
        };
        let connect = Connect {
            tls: Some(tls),
            ..client()
        };
        let id = host.connect(0, connect).unwrap();
        assert_eq!(host.connection(id).unwrap().is_open, is_mutual);
    }
}
