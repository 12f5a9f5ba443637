//! A firewall that gives one listener every connection that no other listens for.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::config::{Bootstrap, Listener, ListenerFilter};
use crate::scenario::Obstacle;

/// What the sockets of clients are marked with, beside the number of the worker: connections of
/// Envoy and of neighbours go where they want.
pub(super) const CLIENT_MARK: u32 = 0x100;

/// Loads the rules that a configuration with `original_dst` needs; nothing without it.
pub(super) fn load(bootstrap: &Bootstrap) -> Result<(), Obstacle> {
    let redirects = |listener: &&Listener| {
        let filters = &listener.listener_filters;
        filters.contains(&ListenerFilter::OriginalDestination)
    };
    let Some(catch_all) = bootstrap.listeners.iter().find(redirects) else {
        return Ok(());
    };
    let rules = rules(bootstrap, catch_all);
    let failed = |reason: String| Obstacle::Failure(format!("nft: {reason}"));
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("{error}: install nftables")))?;
    if let Some(mut input) = nft.stdin.take() {
        // What it refuses, it says itself.
        let _ = input.write_all(rules.as_bytes());
    }
    let output = nft.wait_with_output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(
            String::from_utf8_lossy(&output.stderr).replace('\n', " "),
        )),
    }
}

fn rules(bootstrap: &Bootstrap, catch_all: &Listener) -> String {
    let mut rules = String::from(
        "table inet host_test {\n chain output {\n  type nat hook output priority -100;\n",
    );
    // Writing to a text cannot fail.
    let _ = writeln!(rules, "  meta mark & {CLIENT_MARK} == 0 return");
    let own = bootstrap
        .listeners
        .iter()
        .flat_map(|listener| &listener.addresses);
    for address in own {
        let family = if address.is_ipv4() { "ip" } else { "ip6" };
        let (ip, port) = (address.ip(), address.port());
        let _ = match ip.is_unspecified() {
            true => writeln!(
                rules,
                "  meta nfproto {} tcp dport {port} return",
                protocol(address)
            ),
            false => writeln!(rules, "  {family} daddr {ip} tcp dport {port} return"),
        };
    }
    for address in &catch_all.addresses {
        let (ip, port) = (address.ip(), address.port());
        let (family, protocol) = match address.is_ipv4() {
            true => ("ip", "ipv4"),
            false => ("ip6", "ipv6"),
        };
        let _ = match (ip.is_unspecified(), address.is_ipv4()) {
            (true, _) => writeln!(
                rules,
                "  meta nfproto {protocol} meta l4proto tcp redirect to :{port}"
            ),
            (false, true) => writeln!(rules, "  meta l4proto tcp dnat {family} to {ip}:{port}"),
            (false, false) => writeln!(rules, "  meta l4proto tcp dnat {family} to [{ip}]:{port}"),
        };
    }
    rules + " }\n}\n"
}

fn protocol(address: &SocketAddr) -> &'static str {
    match address.is_ipv4() {
        true => "ipv4",
        false => "ipv6",
    }
}
