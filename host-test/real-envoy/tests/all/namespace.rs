//! Namespaces: a proxy and its clients with addresses of their own.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    path::Path,
    process::Command,
    time::Duration,
};

use real_envoy::{
    Netns, Result,
    http::{EchoUpstream, Source},
};

use super::start_with;

/// Where namespaces are not allowed the test says so and proves nothing.
fn available() -> bool {
    Netns::available()
        .inspect_err(|reason| eprintln!("skipped: {reason}"))
        .is_ok()
}

#[test]
fn envoy_inside_sees_the_addresses_of_its_clients() -> Result<()> {
    if !available() {
        return Ok(());
    }
    let (proxy, clients) = Netns::pair(
        &["198.51.100.1/24", "2001:db8::1/64"],
        &["198.51.100.10/24", "198.51.100.11/24", "2001:db8::10/64"],
    )?;
    let listener = proxy.enter(|| TcpListener::bind("127.0.0.1:9000"))??;
    let upstream = EchoUpstream::serve(listener)?;
    let setup = start_with(|builder| builder.inside(&proxy).keep_ports().map_port(9000, 9000))?;
    assert_eq!(setup.envoy.port(10_000), 10_000);
    for (from, to) in [
        ("198.51.100.10", "198.51.100.1"),
        ("198.51.100.11", "198.51.100.1"),
        ("2001:db8::10", "2001:db8::1"),
    ] {
        let source = Source::ip(from.parse::<IpAddr>()?).inside(&clients);
        let to = SocketAddr::new(to.parse()?, 10_000);
        assert_eq!(source.get(to, &format!("/{from}"))?.status, 200);
        let target = format!(" /{from}");
        let line = setup
            .envoy
            .wait_for_stdout(&target, Duration::from_secs(5))?;
        assert_eq!(line, format!("{from} /{from}"));
    }
    assert_eq!(upstream.seen().len(), 3);
    assert_eq!(setup.envoy.counter("http.plain.downstream_rq_total")?, 3);
    Ok(())
}

#[test]
fn a_dropped_namespace_is_gone_and_a_clone_keeps_it() -> Result<()> {
    if !available() {
        return Ok(());
    }
    let namespace = Netns::new()?;
    let path = Path::new("/run/netns").join(namespace.name());
    let clone = namespace.clone();
    drop(namespace);
    assert!(path.exists());
    drop(clone);
    assert!(!path.exists());
    Ok(())
}

#[test]
fn commands_run_inside_and_their_errors_come_out() -> Result<()> {
    if !available() {
        return Ok(());
    }
    let (one, other) = Netns::pair(&["198.51.100.1/24"], &["198.51.100.2/24"])?;
    other.add_address("198.51.100.3/24")?;
    let output = other.run("ip", &["-brief", "-4", "address", "show", "eth0"])?;
    let text = String::from_utf8(output.stdout)?;
    assert!(text.contains("198.51.100.2/24 198.51.100.3/24"), "{text}");
    let error = one.run("ip", &["link", "show", "eth9"]).unwrap_err();
    assert!(
        error.to_string().contains("\"eth9\" does not exist"),
        "{error}"
    );
    let error = one.add_address("198.51.100.9").unwrap_err();
    assert_eq!(
        error.to_string(),
        "address \"198.51.100.9\" has no prefix length, such as /24"
    );
    Ok(())
}

#[test]
fn a_namespace_of_a_process_that_is_gone_is_removed() -> Result<()> {
    if !available() {
        return Ok(());
    }
    let mut ended = Command::new("true").spawn()?;
    ended.wait()?;
    let name = format!("real-envoy-{}-0", ended.id());
    assert!(
        Command::new("ip")
            .args(["netns", "add", &name])
            .status()?
            .success()
    );
    let _new = Netns::new()?;
    assert!(!Path::new("/run/netns").join(name).exists());
    Ok(())
}
