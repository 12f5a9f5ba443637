//! Tests of what first bytes ask for.

use proptest::prelude::*;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;

fn names(patterns: &[&str]) -> Names {
    Names::new(patterns.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn check(bytes: &[u8], patterns: &[&str], expected: Asks) {
    assert_eq!(
        asks(bytes, &names(patterns)),
        expected,
        "{}",
        bytes.escape_ascii()
    );
}

fn client_hello(server_name: Option<&str>) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let extensions = server_name.map_or(vec![0, 23, 0, 0], |name| {
        let entry = [&[0][..], &vector(name.as_bytes())].concat();
        [&[0, 23, 0, 0, 0, 0][..], &vector(&vector(&entry))].concat()
    });
    let hello = [
        &[3; 34][..],
        &[0],
        &vector(&[0x13, 1]),
        &[1, 0],
        &vector(&extensions),
    ]
    .concat();
    let handshake = [&[1, 0][..], &vector(&hello)].concat();
    [&[22, 3, 1][..], &vector(&handshake)].concat()
}

#[test]
fn a_request_for_a_name_asks_for_what_is_served() {
    check(
        b"GET / HTTP/1.1\r\nHost: shop.example\r\n",
        &[],
        Asks::Served,
    );
    check(
        b"GET / HTTP/1.1\r\naccept: */*\r\nhost:shop.example:8080\r\n\r\n",
        &[],
        Asks::Served,
    );
    check(
        b"POST /x HTTP/1.0\nHost: Shop.Example.\n",
        &["shop.example"],
        Asks::Served,
    );
    check(
        b"GET / HTTP/1.1\r\nHost: a.shop.example\r\n",
        &["*.shop.example"],
        Asks::Served,
    );
}

#[test]
fn an_address_is_told_apart() {
    for host in ["192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[::1]:80"] {
        let request = std::format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        check(request.as_bytes(), &[], Asks::Address);
        assert!(is_literal_host(host.as_bytes()), "{host}");
    }
    check(&client_hello(Some("192.0.2.1")), &[], Asks::Address);
}

#[test]
fn other_names_and_none_ask_for_nothing_served() {
    for host in ["", "1", "0x7f.1", "192.0.2", "a..b", "a b"] {
        assert!(!is_literal_host(host.as_bytes()), "{host}");
        let request = std::format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        check(request.as_bytes(), &[], Asks::Otherwise);
    }
    check(
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n",
        &["shop.example"],
        Asks::Otherwise,
    );
    check(
        b"GET / HTTP/1.1\r\nHost: shop.example\r\n",
        &["*.shop.example"],
        Asks::Otherwise,
    );
    check(b"GET / HTTP/1.0\r\n\r\n", &[], Asks::Otherwise);
    check(
        b"GET / HTTP/1.1\r\nno colon\r\nHost: shop.example\r\n",
        &[],
        Asks::Otherwise,
    );
}

#[test]
fn other_protocols_ask_for_nothing_served() {
    for bytes in [
        &b"SSH-2.0-Go\r\n"[..],
        b"\x03\x00\x00\x13\x0e\xe0\x00\x00",
        b"*1\r\n$4\r\nPING\r\n",
        b"GET /\r\n",
        b"P\xff\xffA / HTTP/1.1\r\nHost: shop.example\r\n",
        b"GET / HTTP/9.9\r\nHost: shop.example\r\n",
        b"\r\n",
        b"\x00",
    ] {
        check(bytes, &[], Asks::Otherwise);
    }
}

#[test]
fn an_unfinished_request_may_still_ask() {
    let request = b"GET /index.html HTTP/1.1\r\nUser-Agent: x\r\nHost: shop.example\r\n";
    for len in 1..request.len() {
        check(&request[..len], &[], Asks::Unknown);
    }
    let endless = [&b"GET / HTTP/1.1\r\nx: "[..], &[b'x'; FIRST_BYTES_MAX]].concat();
    check(&endless, &[], Asks::Otherwise);
}

#[test]
fn http2_asks_for_any_name_once_its_settings_came() {
    let settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];
    let bytes = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat();
    check(&bytes, &["shop.example"], Asks::Served);
    check(&bytes[..26], &[], Asks::Unknown);
    check(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxx",
        &[],
        Asks::Otherwise,
    );
}

#[test]
fn a_client_hello_asks_for_its_server_name() {
    check(
        &client_hello(Some("shop.example")),
        &["shop.example"],
        Asks::Served,
    );
    check(
        &client_hello(Some("other.example")),
        &["shop.example"],
        Asks::Otherwise,
    );
    check(&client_hello(None), &[], Asks::Otherwise);
    let hello = client_hello(Some("shop.example"));
    for len in 1..hello.len() {
        check(&hello[..len], &[], Asks::Unknown);
    }
    check(&[22, 3, 1, 0, 2, 1, 0], &[], Asks::Otherwise);
}

#[test]
fn only_host_names_can_be_listed() {
    for good in [
        "shop.example",
        "*.shop.example",
        "localhost",
        "a_b.example",
        "xn--bcher-kva.example",
    ] {
        assert!(is_name_pattern(good), "{good}");
    }
    for bad in [
        "",
        "*",
        "*.",
        "Shop.example",
        "192.0.2.1",
        "a..b",
        "shop.example:80",
        "[::1]",
        "ü.de",
    ] {
        assert!(!is_name_pattern(bad), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        asks(&bytes, &Names::default());
    }

    #[test]
    fn a_damaged_hello_is_no_trouble(at: prop::sample::Index, byte: u8) {
        let mut hello = client_hello(Some("shop.example"));
        let at = at.index(hello.len());
        hello[at] = byte;
        asks(&hello, &Names::default());
    }

    #[test]
    fn what_is_decided_stays_so_as_bytes_come(text in "[A-Z]{1,8} /[a-z ]{0,9}( HTTP/1.1\r\n([A-Za-z]{1,9}: ?[a-z.0-9]{0,12}\r\n){0,4}(\r\n)?)?") {
        let bytes = text.as_bytes();
        let whole = asks(bytes, &Names::default());
        for len in 1..bytes.len() {
            let part = asks(&bytes[..len], &Names::default());
            prop_assert!(part == Asks::Unknown || part == whole);
        }
    }
}
