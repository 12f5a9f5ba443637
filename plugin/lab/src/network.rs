//! One namespace for the edge, one for each client, and a cable between the edge and each.

use std::{fs, net::IpAddr, process::Command};

use anyhow::{Context, ensure};
use real_envoy::{Netns, Result};

/// Where the edge is.
pub(crate) const EDGE_V4: &str = "198.51.100.1";
pub(crate) const EDGE_V6: &str = "2001:db8::1";

/// A client's machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) namespace: Netns,
    /// The hardware address of the edge, as seen from here.
    pub(crate) edge_mac: String,
}

/// The namespace of the edge, with its addresses.
pub(crate) fn edge() -> Result<Netns> {
    let namespace = Netns::new()?;
    // Packets in a false name get through, as they do on the Internet.
    namespace.enter(|| fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "0"))??;
    Ok(namespace)
}

/// A machine with the address `address`, at a cable of its own to the edge. Its one neighbour is
/// the edge, and nothing leads out.
pub(crate) fn machine(edge: &Netns, number: usize, address: IpAddr) -> Result<Machine> {
    let namespace = Netns::new()?;
    let (there, here, cable) = (edge.name(), namespace.name(), format!("client{number}"));
    ip(&[
        "link", "add", &cable, "netns", there, "type", "veth", "peer", "name", "eth0", "netns",
        here,
    ])?;
    let (family, bits, gateway) = match address {
        IpAddr::V4(_) => ("-4", 32, EDGE_V4),
        IpAddr::V6(_) => ("-6", 128, EDGE_V6),
    };
    let (host, to_edge) = (format!("{address}/{bits}"), format!("{gateway}/{bits}"));
    namespace.add_address(&host)?;
    // Neighbour discovery and `redirect` know only the addresses of the interface that was asked.
    let mut at_cable = vec!["-n", there, "address", "add", &to_edge, "dev", &cable];
    if address.is_ipv6() {
        at_cable.push("nodad");
    }
    ip(&at_cable)?;
    ip(&["-n", there, "link", "set", &cable, "up"])?;
    ip(&["-n", here, "link", "set", "eth0", "up"])?;
    ip(&["-n", there, family, "route", "add", &host, "dev", &cable])?;
    ip(&["-n", here, family, "route", "add", &to_edge, "dev", "eth0"])?;
    ip(&[
        "-n", here, family, "route", "add", "default", "via", gateway, "dev", "eth0",
    ])?;
    let edge_mac = mac_of(edge, &cable)?;
    Ok(Machine {
        namespace,
        edge_mac,
    })
}

/// `ip -oneline link` has it behind the word link/ether.
fn mac_of(namespace: &Netns, device: &str) -> Result<String> {
    let output = namespace.run("ip", &["-oneline", "link", "show", "dev", device])?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    let mac = words.find(|word| *word == "link/ether").and(words.next());
    Ok(mac
        .with_context(|| format!("no address: {text}"))?
        .to_owned())
}

fn ip(args: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(args).output().context("run ip")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "ip {}: {}",
        args.join(" "),
        errors.trim()
    );
    Ok(())
}
