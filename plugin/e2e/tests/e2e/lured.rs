//! Any web page can send its visitors to a decoy; they are no scanners for that.

use real_envoy::{
    Netns, Result,
    envoy::free_port,
    eventually,
    http::{Source, read_until_close},
};

use crate::{
    edge::{self, Edge, PATIENCE, POLICY},
    greeting::{client_hello, lured, nameless},
};

const NAME: &str = "shop.example";

#[test]
fn a_browser_that_was_sent_to_a_decoy_is_not_tagged_for_that_alone() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    let mut visits = 0;
    for ((what, bytes), number) in lured(NAME).into_iter().zip(1..) {
        for (pieces, way) in [(1, 0), (2, 1), (5, 2)] {
            let browser = Source::loopback(27, number, way);
            let parts: Vec<_> = bytes.chunks(bytes.len().div_ceil(pieces)).collect();
            edge::say(&browser, edge.decoy(0), &parts)?;
            assert_eq!(edge.tag(&browser)?, None, "{what} in {pieces}");
            visits += 1;
        }
        // A second decoy is a scan.
        let browser = Source::loopback(27, number, 0);
        edge::say(&browser, edge.decoy(1), &[&bytes])?;
        assert!(edge.tag(&browser)?.is_some(), "{what}");
    }
    edge.wait_for_metric("verdicts_withdrawn_total", visits)?;
    assert_eq!(edge.counted("host_errors_total")?, 0);
    Ok(())
}

#[test]
fn a_client_that_asks_a_decoy_for_no_name_is_tagged() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(1))?;
    for ((what, bytes), number) in nameless().into_iter().zip(1..) {
        let scanner = Source::loopback(28, 0, number);
        let mut stream = scanner.connect(edge.decoy(0))?;
        std::io::Write::write_all(&mut stream, &bytes)?;
        // Who has begun a request and goes on never is judged when he goes.
        stream.shutdown(std::net::Shutdown::Write)?;
        read_until_close(&mut stream, PATIENCE)?;
        assert!(edge.tag(&scanner)?.is_some(), "{what}");
    }
    assert_eq!(edge.counted("verdicts_withdrawn_total")?, 0);
    Ok(())
}

#[test]
fn a_withdrawn_verdict_leaves_every_worker() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| builder.concurrency(4))?;
    let browser = Source::loopback(28, 1, 1);
    let mut stream = browser.connect(edge.decoy(0))?;
    // Until he speaks he is a stranger at a decoy.
    edge.wait_for_tag(&browser)?;
    let mut kept: Vec<_> = (0..8)
        .map(|_| browser.http1(edge.service()))
        .collect::<Result<_>>()?;
    eventually("all connections are tagged", PATIENCE, || {
        let tags = kept.iter_mut().map(|client| client.send(&edge::stranger()));
        let is_tagged = |answer: Result<_>| edge::tag(&answer.ok()?).ok()?;
        let tags: Vec<_> = tags.map(is_tagged).collect();
        tags.iter().all(Option::is_some).then_some(())
    })?;
    std::io::Write::write_all(&mut stream, &lured(NAME)[0].1)?;
    read_until_close(&mut stream, PATIENCE)?;
    eventually("no connection is tagged", PATIENCE, || {
        let answers = kept.iter_mut().map(|client| client.send(&edge::stranger()));
        let is_clean = |answer: Result<_>| {
            let tag = answer.and_then(|answer| edge::tag(&answer));
            tag.is_ok_and(|tag| tag.is_none())
        };
        let clean: Vec<_> = answers.map(is_clean).collect();
        clean.iter().all(|clean| *clean).then_some(())
    })?;
    for _ in 0..16 {
        assert_eq!(edge.tag(&browser)?, None);
    }
    Ok(())
}

#[test]
fn only_names_that_are_served_excuse_where_they_are_listed() -> Result<()> {
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder.concurrency(1).replace(
            r#"{"role":"sensor","decoy":true}"#,
            r#"{"role":"sensor","decoy":true,"names":["shop.example","*.api.example"]}"#,
        )
    })?;
    for ((name, is_excused), number) in [
        ("shop.example", true),
        ("SHOP.example", true),
        ("v1.api.example", true),
        ("api.example", false),
        ("www.shop.example", false),
        ("localhost", false),
    ]
    .into_iter()
    .zip(1..)
    {
        // HTTP and TLS; HTTP/2 hides the name.
        for (what, bytes) in &lured(name)[..3] {
            let client = Source::loopback(28, 2 + number, what.len() as u8);
            edge::say(&client, edge.decoy(0), &[bytes])?;
            let is_tagged = edge.tag(&client)?.is_some();
            assert_eq!(is_tagged, !is_excused, "{what} {name}");
        }
    }
    Ok(())
}

#[test]
fn a_web_port_waits_for_what_the_client_asks_before_it_judges() -> Result<()> {
    if !edge::namespaces_are_available() {
        return Ok(());
    }
    // Only there 8008 can keep its number.
    let namespace = Netns::new()?;
    let edge = Edge::start_inside(&namespace, "edge.yaml", |builder| builder.concurrency(1))?;
    let web = edge.decoy(6);
    assert_eq!(web.port(), 8_008);
    for ((what, bytes), number) in lured(NAME).into_iter().zip(1..) {
        let browser = Source::loopback(28, 10, number).inside(&namespace);
        let mut stream = browser.connect(web)?;
        assert_eq!(edge.tag(&browser)?, None, "{what}, before it speaks");
        for part in bytes.chunks(20) {
            std::io::Write::write_all(&mut stream, part)?;
        }
        read_until_close(&mut stream, PATIENCE)?;
        assert_eq!(edge.tag(&browser)?, None, "{what}");
    }
    for ((what, bytes), number) in nameless().into_iter().zip(1..) {
        let scanner = Source::loopback(28, 11, number).inside(&namespace);
        let mut stream = scanner.connect(web)?;
        assert_eq!(edge.tag(&scanner)?, None, "{what}, before it speaks");
        std::io::Write::write_all(&mut stream, &bytes)?;
        stream.shutdown(std::net::Shutdown::Write)?;
        read_until_close(&mut stream, PATIENCE)?;
        assert!(edge.tag(&scanner)?.is_some(), "{what}");
    }
    let silent = Source::loopback(28, 12, 1).inside(&namespace);
    silent.touch(web)?;
    edge.wait_for_tag(&silent)?;
    assert_eq!(edge.counted("verdicts_withdrawn_total")?, 0);
    Ok(())
}

#[test]
fn the_weight_of_a_decoy_can_be_chosen() -> Result<()> {
    let (light, heavy) = (free_port()?, free_port()?);
    let policy = format!(
        r#"{{"decoy_weights":{{"{}":1.5,"{}":20}}}}"#,
        light.port(),
        heavy.port()
    );
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder
            .concurrency(1)
            .map_port(10_022, light.port())
            .map_port(10_023, heavy.port())
            .replace(POLICY, &policy)
    })?;
    let one = Source::loopback(28, 13, 1);
    edge::knock(&one, edge.decoy(0))?;
    assert_eq!(edge.tag(&one)?, None);
    let other = Source::loopback(28, 13, 2);
    edge::knock(&other, edge.decoy(1))?;
    assert!(edge.tag(&other)?.is_some());
    // However heavy, a browser that was sent there is excused.
    let browser = Source::loopback(28, 13, 3);
    edge::say(&browser, edge.decoy(1), &[&client_hello(Some(NAME))])?;
    assert_eq!(edge.tag(&browser)?, None);
    Ok(())
}
