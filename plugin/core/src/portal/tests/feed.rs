//! The feed in all formats, its filters and its copies.

use std::vec;

use super::*;
use crate::portal::render::Format;

/// Three scanners, of which the first did most.
fn scanned() -> Edge {
    let mut edge = Edge::new();
    edge.touch("198.51.100.7", &[22, 23, 445, 3306, 3389, 5900, 6379]);
    edge.touch("2001:db8:a::1", &[22, 23]);
    edge.touch("198.51.100.9", &[23]);
    edge
}

#[test]
fn the_highest_risk_comes_first() {
    let answer = scanned().get("/v1/feed.txt").expect(200);
    assert_eq!(
        answer.text(),
        "198.51.100.7\n2001:db8:a::/64\n198.51.100.9\n"
    );
    assert_eq!(answer.header("x-feed-entries"), "3");
    assert_eq!(answer.header("x-feed-generated-at"), "2026-11-22T05:50:25Z");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
}

#[test]
fn json_says_of_each_what_the_lookup_says() {
    let mut edge = scanned();
    let answer = edge.get("/v1/feed.json").expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let feed = answer.json();
    assert_eq!(feed["version"], 1);
    assert_eq!(feed["generated_at"], "2026-11-22T05:50:25Z");
    let entries = feed["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let ip = entry["ip"].as_str().unwrap();
        let mut known = edge.get(&format!("/v1/ip/{ip}")).json()["portscan"].take();
        known["ip"] = ip.into();
        assert_eq!(*entry, known);
    }
    let lines = edge.get("/v1/feed.ndjson").expect(200);
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(&lines, entries);
}

#[test]
fn an_empty_feed_is_an_answer_in_every_format() {
    for format in Format::ALL {
        let answer = Edge::new()
            .get(&format!("/v1/feed.{}", format.name()))
            .expect(200);
        assert_eq!(answer.header("x-feed-entries"), "0", "{format:?}");
        assert_eq!(answer.header("content-type"), format.content_type());
    }
    assert_eq!(
        Edge::new().get("/v1/feed.json").json()["entries"],
        Value::Array(vec![])
    );
}

#[test]
fn filters_leave_out_what_is_not_like_that() {
    let mut edge = scanned();
    edge.now = NOW.plus_secs(100);
    edge.touch("198.51.100.9", &[23]);
    let mut is = |filter: &str, expected: &[&str]| {
        let text = edge.get(&format!("/v1/feed.txt?{filter}"));
        let found: Vec<&str> = text.text().lines().collect();
        assert_eq!(found, expected, "{filter}");
    };
    let (v4, v6, probe) = ("198.51.100.7", "2001:db8:a::/64", "198.51.100.9");
    is("", &[v4, v6, probe]);
    is("family=4", &[v4, probe]);
    is("family=6", &[v6]);
    is("kind=probe", &[probe]);
    is("kind=probe,vertical", &[v4, v6, probe]);
    is("kind=horizontal", &[]);
    is("max=1", &[v4]);
    is("max=2&family=4", &[v4, probe]);
    is("min_risk=62", &[v4, v6]);
    is("min_risk=100", &[]);
    is("max_age_secs=99", &[probe]);
    is("max_age_secs=100", &[v4, v6, probe]);
    is("class=suspicious", &[v6, probe]);
    is("class=malicious&max_age_secs=4294967295", &[v4]);
    is("class=benign", &[]);
    is("%6dax=%31", &[v4]);
}

#[test]
fn comma_separated_values_have_a_name_each() {
    let mut edge = scanned();
    let answer = edge.get("/v1/feed.csv").expect(200);
    let mut lines = answer.text().lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let values: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(names.len(), 15);
    assert_eq!(names.len(), values.len());
    assert_eq!(
        (values[0], values[11]),
        ("198.51.100.7", "22 23 445 3306 3389 5900 6379")
    );
    assert!(
        values[12].starts_with("touched decoy 6379/tcp; "),
        "{values:?}"
    );
    assert_eq!(lines.count(), 2);
}

#[test]
fn sets_of_nft_time_out_by_themselves() {
    let mut edge = scanned();
    edge.now = NOW.plus_secs(600);
    let answer = edge.get("/v1/feed.nft").expect(200);
    assert_eq!(
        answer.text(),
        "# 3 flagged at 2026-11-22T06:00:25Z\n\
         add table inet portscan\n\
         add set inet portscan sources_v4 { type ipv4_addr; flags timeout; }\n\
         flush set inet portscan sources_v4\n\
         add set inet portscan sources_v6 { type ipv6_addr; flags interval, timeout; }\n\
         flush set inet portscan sources_v6\n\
         add set inet portscan networks_v4 { type ipv4_addr; flags interval, timeout; }\n\
         flush set inet portscan networks_v4\n\
         add set inet portscan networks_v6 { type ipv6_addr; flags interval, timeout; }\n\
         flush set inet portscan networks_v6\n\
         add element inet portscan sources_v4 { 198.51.100.7 timeout 604200s, \
         198.51.100.9 timeout 604200s }\n\
         add element inet portscan sources_v6 { 2001:db8:a::/64 timeout 604200s }\n"
    );
}

#[test]
fn sets_of_ipset_take_the_place_of_the_old_ones() {
    let text = scanned()
        .get("/v1/feed.ipset")
        .expect(200)
        .text()
        .to_string();
    let lines: Vec<&str> = text.lines().collect();
    let at = |line: &str| lines.iter().position(|found| *found == line).expect(line);
    let made =
        at("create portscan_sources_v6_new hash:net family inet6 timeout 0 maxelem 131072 -exist");
    let added = at("add portscan_sources_v6_new 2001:db8:a::/64 timeout 604800");
    let swapped = at("swap portscan_sources_v6_new portscan_sources_v6");
    let gone = at("destroy portscan_sources_v6_new");
    assert!(made < added && added < swapped && swapped < gone);
    at("create portscan_sources_v4 hash:ip family inet timeout 0 maxelem 131072 -exist");
}

#[test]
fn a_line_of_nft_has_at_most_five_thousand_elements() {
    let mut edge = Edge::new();
    for number in 0..5_001u32 {
        let ip = core::net::Ipv4Addr::from(0xcb00_0000 + number * 256).to_string();
        edge.touch(&ip, &[23]);
    }
    let text = edge.get("/v1/feed.nft").expect(200).text().to_string();
    let lines: Vec<usize> = text
        .lines()
        .filter(|line| line.starts_with("add element"))
        .map(|line| line.matches(" timeout ").count())
        .collect();
    assert_eq!(lines, [5_000, 1]);
}

#[test]
fn a_copy_is_given_out_again_while_it_is_fresh() {
    let mut edge = scanned();
    let first = edge.get("/v1/feed.json");
    let reads = edge.store.reads();
    edge.now = NOW.plus_secs(1);
    assert_eq!(edge.get("/v1/feed.json").text(), first.text());
    assert_eq!(edge.store.reads(), reads);
    // Another filter is another answer.
    assert_ne!(edge.get("/v1/feed.json?max=1").text(), first.text());
    edge.now = NOW.plus_secs(2);
    let later = edge.get("/v1/feed.json");
    assert_ne!(
        later.header("x-feed-generated-at"),
        first.header("x-feed-generated-at")
    );
    // Nothing changed but the time.
    assert_eq!(later.header("etag"), first.header("etag"));
}

#[test]
fn who_has_a_version_gets_it_once_only() {
    for format in Format::ALL {
        let mut edge = scanned();
        let target = format!("/v1/feed.{}", format.name());
        let etag = edge.get(&target).header("etag").to_string();
        edge.now = NOW.plus_secs(10);
        let known = [("if-none-match", etag.as_str())];
        assert_eq!(edge.ask("GET", &target, &known).expect(304).text(), "");
        edge.touch("203.0.113.1", &[23]);
        edge.now = NOW.plus_secs(20);
        edge.ask("GET", &target, &known).expect(200);
    }
}

#[test]
fn many_who_ask_for_the_same_share_the_work() {
    let mut edge = scanned();
    let request = |edge: &mut Edge, client, target: &str| {
        let pairs = [(":method", "GET"), (":path", target)];
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let request = Request::new(pairs, false);
        let (store, detector) = (&mut edge.store, &mut edge.detector);
        match edge.portal.ask(store, detector, edge.now, client, &request) {
            Asked::Answer(response) => Some(response.status),
            Asked::Pending => None,
        }
    };
    let waiters = u32::try_from(WAITERS_MAX).unwrap();
    for client in 0..waiters {
        assert_eq!(request(&mut edge, client, "/v1/feed.json"), None);
    }
    // What waits is bounded, and so is what is made.
    assert_eq!(request(&mut edge, 99, "/v1/feed.json"), Some(503));
    for max in 1..JOBS_MAX {
        assert_eq!(
            request(&mut edge, 100, &format!("/v1/feed.json?max={max}")),
            None
        );
    }
    assert_eq!(request(&mut edge, 101, "/v1/feed.json?max=77"), Some(503));
    edge.portal.leave(3);
    let mut answered = Vec::new();
    while !edge.portal.is_idle() {
        let answers = edge.portal.work(&mut edge.store, &mut edge.detector, |_| 7);
        answered.extend(
            answers
                .into_iter()
                .map(|(client, response)| (client, response.status)),
        );
    }
    assert_eq!(answered.len(), WAITERS_MAX - 1 + JOBS_MAX - 1);
    assert!(
        answered
            .iter()
            .all(|(client, status)| *client != 3 && *status == 200)
    );
}

#[test]
fn nobody_works_for_who_is_gone() {
    let mut edge = scanned();
    let pairs = [(":method", "GET"), (":path", "/v1/feed.json")];
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let request = Request::new(pairs, false);
    edge.portal
        .ask(&mut edge.store, &mut edge.detector, NOW, 1, &request);
    assert!(!edge.portal.is_idle());
    edge.portal.leave(1);
    assert!(edge.portal.is_idle());
}

#[test]
fn a_flagged_network_is_an_entry_of_its_own() {
    let mut edge = Edge::with(r#"{"sensitivity":"low"}"#, Config::default());
    // One decoy for each of six neighbours: nobody for himself.
    for (number, port) in (1..).zip([22, 23, 445, 3306, 3389, 6379]) {
        edge.touch(&format!("198.51.100.{number}"), &[port]);
    }
    let feed = edge.get("/v1/feed.json?kind=distributed").json();
    let entries = feed["entries"].as_array().unwrap();
    let network = entries
        .iter()
        .find(|entry| entry["ip"] == "198.51.100.0/24")
        .expect("the network");
    assert_eq!(network["hits"], Value::Null);
    assert_eq!(network["class"], "suspicious");
    assert_eq!(network["reasons"][0], "several of its addresses scan");
    let nft = edge.get("/v1/feed.nft");
    assert!(
        nft.text()
            .contains("add element inet portscan networks_v4 { 198.51.100.0/24 timeout ")
    );
    let csv = edge.get("/v1/feed.csv");
    for line in csv.text().lines() {
        assert_eq!(line.split(',').count(), 15, "{line}");
    }
}
