//! What is said of one address.

use serde_json::json;

use super::*;

#[test]
fn a_scanner_is_told_with_reasons() {
    let mut edge = Edge::new();
    edge.touch("198.51.100.7", &[23, 445]);
    let answer = edge.get("/v1/ip/198.51.100.7").expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({
            "ip": "198.51.100.7", "found": true, "is_portscan": true,
            "tags": ["portscan", "decoy", "ports"],
            "portscan": {
                "kind": "vertical", "risk": 62, "class": "suspicious", "actor": null,
                "first_seen": "2026-11-22T05:50:25Z", "last_seen": "2026-11-22T05:50:25Z",
                "expires_at": "2026-11-29T05:50:25Z",
                "hits": 2, "port_count": 2, "host_count": 1, "ports": [23, 445],
                "reasons": ["touched decoy 445/tcp", "went on to 445/tcp", "touched decoy 23/tcp"],
                "spoofable": false, "shared_ip_hint": false,
            },
            "feed": { "generated_at": "2026-11-22T05:50:25Z", "version": 1 },
        })
    );
}

#[test]
fn nothing_is_known_of_a_stranger() {
    let answer = Edge::new().get("/v1/ip/198.51.100.8").expect(200);
    assert_eq!(
        answer.json(),
        json!({
            "ip": "198.51.100.8", "found": false, "is_portscan": false, "tags": [],
            "portscan": null,
            "feed": { "generated_at": "2026-11-22T05:50:25Z", "version": 1 },
        })
    );
}

#[test]
fn an_address_is_found_however_it_is_written() {
    let mut edge = Edge::new();
    edge.touch("198.51.100.7", &[23]);
    edge.touch("2001:db8:a::1", &[23]);
    for (text, ip) in [
        ("198.51.100.7", "198.51.100.7"),
        ("%31%39%38.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::FFFF:c633:6407]", "198.51.100.7"),
        ("64:ff9b::198.51.100.7", "198.51.100.7"),
        ("198.51.100.7%2F32", "198.51.100.7"),
        ("2001:db8:a::1", "2001:db8:a::/64"),
        ("2001:DB8:A:0:FFFF::9", "2001:db8:a::/64"),
        ("2001:0db8:000a:0000:0000:0000:0000:0001", "2001:db8:a::/64"),
        ("[2001:db8:a::1]", "2001:db8:a::/64"),
        ("%5B2001%3adb8%3Aa::1%5D", "2001:db8:a::/64"),
        ("2001:db8:a::1%25eth0", "2001:db8:a::/64"),
        ("2001:db8:a::/64", "2001:db8:a::/64"),
    ] {
        let answer = edge.get(&format!("/v1/ip/{text}")).expect(200).json();
        assert_eq!(answer["ip"], ip, "{text}");
        assert_eq!(answer["is_portscan"], true, "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "x",
        "198.51.100",
        "198.51.100.256",
        "198.51.100.07",
        "3325256711",
        "0x7f000001",
        "198.51.100.7:80",
        "198.51.100.7%20",
        "[198.51.100.7]",
        "198.51.100.7%25eth0",
        "[::1",
        "2001:db8::/63",
        "198.51.100.0/24",
        "1:2:3:4:5:6:7:8:9",
        "::1/128/128",
        "%00",
        "a/b",
    ] {
        let detail = Edge::new().get(&format!("/v1/ip/{text}")).refused(400);
        assert!(detail.contains("IP"), "{text}: {detail}");
    }
}

#[test]
fn a_verdict_that_has_expired_is_none_any_more() {
    let mut edge = Edge::with(r#"{"verdict_ttl_secs":60}"#, Config::default());
    edge.touch("198.51.100.7", &[23]);
    edge.now = NOW.plus_secs(60);
    let answer = edge.get("/v1/ip/198.51.100.7").json();
    assert_eq!(
        (&answer["found"], &answer["is_portscan"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(answer["portscan"], Value::Null);
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let mut edge = Edge::new();
    let first = edge.get("/v1/ip/198.51.100.7").expect(200);
    let etag = first.header("etag").to_string();
    edge.now = NOW.plus_secs(30);
    let again = edge.ask("GET", "/v1/ip/198.51.100.7", &[("if-none-match", &etag)]);
    assert_eq!(again.expect(304).text(), "");
    edge.touch("198.51.100.7", &[23]);
    edge.ask("GET", "/v1/ip/198.51.100.7", &[("if-none-match", &etag)])
        .expect(200);
}

#[test]
fn a_declared_scanner_is_benign_and_named() {
    let mut edge = Edge::with(
        r#"{"known_scanners":[{"actor":"survey","networks":["198.51.100.0/28"]}]}"#,
        Config::default(),
    );
    edge.touch("198.51.100.7", &[23]);
    let answer = edge.get("/v1/ip/198.51.100.7").json();
    assert_eq!(answer["portscan"]["class"], "benign");
    assert_eq!(answer["portscan"]["actor"], "survey");
    // Of no interest to who blocks scanners, unless asked for.
    assert_eq!(edge.get("/v1/feed.txt").text(), "");
    assert_eq!(
        edge.get("/v1/feed.txt?class=benign").text(),
        "198.51.100.7\n"
    );
}
