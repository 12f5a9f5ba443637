//! What bouncers are told, and when they are told to let go.

use serde_json::json;

use super::access::SECRET;
use super::*;
use crate::config::{DecisionScope, SecretDigest};

const TTL: &str = r#"{"verdict_ttl_secs":60}"#;

fn pull(edge: &mut Edge, startup: bool) -> Value {
    let target = format!("/v1/decisions/stream?startup={startup}");
    edge.get(&target).expect(200).json()
}

/// The values of decisions, sorted.
fn values(decisions: &Value) -> Vec<&str> {
    let list = decisions.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut values: Vec<&str> = list
        .iter()
        .map(|decision| decision["value"].as_str().unwrap())
        .collect();
    values.sort_unstable();
    values
}

#[test]
fn the_first_pull_tells_everything_in_crowdsecs_words() {
    let mut edge = Edge::with(TTL, Config::default());
    edge.touch("198.51.100.7", &[23, 445]);
    edge.touch("2001:db8:a::1", &[23]);
    edge.now = NOW.plus_secs(10);
    let mut told = pull(&mut edge, true);
    assert_eq!(told["deleted"], Value::Null);
    assert_eq!(values(&told["new"]), ["198.51.100.7", "2001:db8:a::/64"]);
    let first = &mut told["new"][0];
    assert!(first["id"].take().as_u64().is_some());
    assert_eq!(
        *first,
        json!({
            "duration": "50s", "id": null, "origin": "portscan", "scenario": "portscan/vertical",
            "scope": "Ip", "type": "ban", "value": "198.51.100.7",
        })
    );
    assert_eq!(told["new"][1]["scope"], "Range");
    // Nobody keeps what holds for one bouncer at one time.
    let answer = edge.get("/v1/decisions/stream?startup=true");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.0.headers.iter().all(|(name, _)| *name != "etag"));
}

#[test]
fn later_pulls_tell_what_changed_since() {
    let mut edge = Edge::with(TTL, Config::default());
    edge.touch("198.51.100.7", &[23]);
    edge.now = NOW.plus_secs(5);
    assert_eq!(values(&pull(&mut edge, true)["new"]), ["198.51.100.7"]);
    edge.now = NOW.plus_secs(10);
    assert_eq!(
        pull(&mut edge, false),
        json!({"deleted": null, "new": null})
    );
    edge.touch("198.51.100.8", &[23]);
    edge.now = NOW.plus_secs(20);
    assert_eq!(values(&pull(&mut edge, false)["new"]), ["198.51.100.8"]);
    // A verdict that was renewed holds for longer.
    edge.touch("198.51.100.7", &[445]);
    edge.now = NOW.plus_secs(30);
    let told = pull(&mut edge, false);
    assert_eq!(told["new"][0]["duration"], "50s");
    assert_eq!(values(&told["new"]), ["198.51.100.7"]);
    // The first one to expire, after 10 + 60 seconds.
    edge.now = NOW.plus_secs(69);
    assert_eq!(
        pull(&mut edge, false),
        json!({"deleted": null, "new": null})
    );
    edge.now = NOW.plus_secs(71);
    let told = pull(&mut edge, false);
    assert_eq!(
        (values(&told["deleted"]), &told["new"]),
        (alloc::vec!["198.51.100.8"], &Value::Null)
    );
    // Told twice, to be sure, if the next pull comes soon.
    edge.now = NOW.plus_secs(75);
    assert_eq!(values(&pull(&mut edge, false)["deleted"]), ["198.51.100.8"]);
    edge.now = NOW.plus_secs(80);
    assert_eq!(values(&pull(&mut edge, false)["deleted"]), ["198.51.100.7"]);
    edge.now = NOW.plus_secs(84);
    pull(&mut edge, false);
    edge.now = NOW.plus_secs(90);
    assert_eq!(
        pull(&mut edge, false),
        json!({"deleted": null, "new": null})
    );
}

#[test]
fn each_bouncer_is_told_by_itself() {
    let mut edge = Edge::with(TTL, Config::default());
    edge.touch("198.51.100.7", &[23]);
    let mut told = |agent: &str| {
        let headers = [("user-agent", agent)];
        let target = "/v1/decisions/stream?startup=false";
        edge.now = edge.now.plus_secs(5);
        edge.ask("GET", target, &headers).expect(200).json()["new"].is_array()
    };
    // Who is not known is told everything.
    assert!(told("one"));
    assert!(!told("one"));
    assert!(told("two"));
    assert!(!told("one") && !told("two"));
}

#[test]
fn a_verdict_that_is_forgotten_is_let_go() {
    let token = SecretDigest::parse(SECRET);
    let mut edge = Edge::with(
        TTL,
        Config {
            token,
            ..Config::default()
        },
    );
    edge.touch("198.51.100.7", &[23]);
    let stream = "/v1/decisions/stream";
    let key = [("authorization", "Bearer secret")];
    edge.ask("GET", stream, &key).expect(200);
    edge.now = NOW.plus_secs(5);
    let forgotten = edge
        .ask("POST", "/v1/forget?ip=198.51.100.7", &key)
        .expect(200)
        .json();
    assert_eq!(forgotten, json!({"ip": "198.51.100.7", "forgotten": true}));
    let again = edge.ask("POST", "/v1/forget?ip=198.51.100.7", &key).json();
    assert_eq!(again["forgotten"], false);
    edge.now = NOW.plus_secs(9);
    let told = edge.ask("GET", stream, &key).json();
    assert_eq!(values(&told["deleted"]), ["198.51.100.7"]);
    let found = edge.ask("GET", "/v1/ip/198.51.100.7", &key).json();
    assert_eq!(found["found"], false);
    // Who comes back is flagged again, and not let go.
    edge.touch("198.51.100.7", &[23]);
    edge.now = NOW.plus_secs(10);
    let told = edge.ask("GET", stream, &key).json();
    assert_eq!(
        (values(&told["new"]), &told["deleted"]),
        (alloc::vec!["198.51.100.7"], &Value::Null)
    );
}

#[test]
fn one_address_is_decided_on_at_a_time() {
    let mut edge = Edge::with(TTL, Config::default());
    edge.touch("198.51.100.7", &[23]);
    let told = edge.get("/v1/decisions?ip=198.51.100.7").expect(200).json();
    assert_eq!(values(&told), ["198.51.100.7"]);
    assert_eq!(told[0]["duration"], "60s");
    assert_eq!(
        edge.get("/v1/decisions?ip=198.51.100.8").json(),
        Value::Null
    );
    edge.ask("HEAD", "/v1/decisions?ip=198.51.100.8", &[])
        .expect(200);
    let detail = edge.get("/v1/decisions").refused(400);
    assert!(detail.contains("parameter ip is missing"), "{detail}");
    edge.get("/v1/decisions?ip=me").refused(400);
}

#[test]
fn bouncers_may_want_less() {
    let mut edge = Edge::with(TTL, Config::default());
    edge.touch("198.51.100.7", &[23, 445]);
    edge.touch("2001:db8:a::1", &[23]);
    let (v4, v6) = ("198.51.100.7", "2001:db8:a::/64");
    for (filter, expected) in [
        ("scopes=ip,range", &[v4, v6][..]),
        ("scopes=Ip", &[v4]),
        ("scopes=range", &[v6]),
        ("scopes=country", &[]),
        ("scopes=", &[v4, v6]),
        ("origins=cscli,portscan", &[v4, v6]),
        ("origins=crowdsec", &[]),
        ("scenarios_containing=vertical", &[v4]),
        ("scenarios_not_containing=vertical,ssh", &[v6]),
        (
            "dedup=true&community_pull=false&additional_pull=true",
            &[v4, v6],
        ),
    ] {
        let told = edge.get(&format!("/v1/decisions/stream?startup=true&{filter}"));
        assert_eq!(
            values(&told.expect(200).json()["new"]),
            expected,
            "{filter}"
        );
    }
    edge.get("/v1/decisions/stream?ip=::1").refused(400);
    edge.get("/v1/decisions/stream?startup=yes").refused(400);
}

#[test]
fn type_and_scope_are_those_of_the_configuration() {
    let portal = |text: &str| match crate::config::parse_plugin(text.as_bytes()).unwrap().role {
        crate::config::Role::Portal(portal) => portal,
        other => panic!("{other:?}"),
    };
    let config = portal(r#"{"role":"portal","decisions":{"type":"captcha","scope":"networks"}}"#);
    let mut edge = Edge::with(r#"{"sensitivity":"low"}"#, config.clone());
    let addresses = Config {
        scope: DecisionScope::Addresses,
        ..config
    };
    for (number, port) in (1..).zip([22, 23, 445, 3306, 3389, 6379]) {
        edge.touch(&format!("198.51.100.{number}"), &[port]);
    }
    edge.touch("2001:db8:a::1", &[22, 23]);
    let told = pull(&mut edge, true);
    assert!(values(&told["new"]).contains(&"198.51.100.0/24"), "{told}");
    assert_eq!(told["new"][0]["type"], "captcha");
    let live = edge.get("/v1/decisions?ip=198.51.100.200").json();
    assert_eq!(values(&live), ["198.51.100.0/24"]);
    // A network that is not flagged any more is let go as well.
    edge.now = NOW.plus_secs(604_810);
    let told = pull(&mut edge, false);
    assert!(
        values(&told["deleted"]).contains(&"198.51.100.0/24"),
        "{told}"
    );
    edge.portal = Portal::new(addresses);
    edge.now = NOW.plus_secs(1);
    let told = pull(&mut edge, true);
    assert!(
        values(&told["new"])
            .iter()
            .all(|value| !value.contains('/')),
        "{told}"
    );
}
