//! The clients of the lab.

use std::{collections::BTreeSet, process::Command};

use crate::client::{
    Client,
    Does::{self, HealthCheck, Nothing, PreConnects, Repeats, Runs, RunsOwnTcp},
    Expected,
};

/// The clients whose programs are here, and a line for each program that is not.
pub(crate) fn available() -> (Vec<&'static Client>, Vec<String>) {
    let programs: BTreeSet<_> = CLIENTS.iter().filter_map(Client::program).collect();
    let (here, missing): (Vec<_>, Vec<_>) = programs.into_iter().partition(|name| is_here(name));
    let clients = CLIENTS
        .iter()
        .filter(|client| client.program().is_none_or(|name| here.contains(&name)));
    let line = |name: &str| format!("clients that run {name}: not installed");
    (clients.collect(), missing.into_iter().map(line).collect())
}

/// Asks a shell's `command -v`, because these programs agree on no harmless option.
fn is_here(program: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", "command -v \"$0\" >/dev/null", program]);
    shell.status().is_ok_and(|status| status.success())
}

// Scanners come from 198.18.0.0/15 (RFC 2544) and 2001:db8::/32 (RFC 3849), a network for each; those
// that cannot be seen from 192.0.2.0/24, and the harmless from 203.0.113.0/24 (RFC 5737).
#[rustfmt::skip]
pub(crate) static CLIENTS: [Client; 28] = [
    // T0 waits five minutes before each probe, so that alone is shortened; T1 waits 15 seconds.
    scanner("nmap -sT -T0 but 20 s, 2 ports", "198.18.0.7", VERTICAL,
        Runs("nmap -sT -Pn -n -T0 --scan-delay=20s -p23,3389 {edge}")),
    scanner("nmap -sT -T1, 4 ports", "198.18.1.7", VERTICAL,
        Runs("nmap -sT -Pn -n -T1 -p21,23,80,3389 {edge}")),
    scanner("nmap -sT -T2, 50 ports", "198.18.2.7", VERTICAL,
        Runs("nmap -sT -Pn -n -T2 --top-ports=50 {edge}")),
    scanner("nmap -sT -T3, 1,000 ports", "198.18.3.7", VERTICAL,
        Runs("nmap -sT -Pn -n -T3 {edge}")),
    scanner("nmap -sT -T4 -F", "198.18.4.7", VERTICAL,
        Runs("nmap -sT -Pn -n -T4 -F {edge}")),
    scanner("nmap -sT -T5, 5,000 ports", "198.18.5.7", VERTICAL,
        Runs("nmap -sT -Pn -n -T5 -p1-5000 {edge}")),
    scanner("nmap -sV, 5 ports", "198.18.6.7", VERTICAL,
        Runs("nmap -sT -sV -Pn -n -p22,80,443,3306,6379 {edge}")),
    scanner("nmap -6 -sT -F", "2001:db8:7::7", VERTICAL,
        Runs("nmap -6 -sT -Pn -n -F {edge}")),
    scanner("nmap http-enum, 80 and 8080", "198.18.8.7", VERTICAL,
        Runs("nmap -sT -Pn -n -p80,8080 --script=http-enum {edge}")),
    scanner("nmap http-enum, 80 alone", "198.18.9.7", PROBE,
        Runs("nmap -sT -Pn -n -p80 --script=http-enum {edge}")),
    scanner("masscan --banners, 200 ports", "198.18.10.7", VERTICAL,
        RunsOwnTcp("masscan {edge} -p1-200 --banners --rate=200 --wait=5 --interface=eth0 \
            --adapter-ip={self} --router-mac={mac}")),
    scanner("rustscan, 1,000 ports", "198.18.11.7", VERTICAL,
        Runs("rustscan --no-config --greppable -b 100 -r 1-1000 -a {edge}")),
    scanner("nc -z, 41 ports", "198.18.12.7", VERTICAL, Runs("nc -z -n -w 2 {edge} 20-60")),
    scanner("nc -z, 1 port", "198.18.13.7", PROBE, Runs("nc -z -n -w 2 {edge} 445")),
    scanner("curl at the port of a database", "198.18.14.7", PROBE,
        Runs("curl -s -m 5 http://{edge}:5432/")),
    // The blind spot: what completes no handshake never reaches Envoy.
    unseen("nmap -sS, 1,000 ports", "192.0.2.1", Runs("nmap -sS -Pn -n {edge}")),
    unseen("nmap -sX, 100 ports", "192.0.2.2", Runs("nmap -sX -Pn -n -F {edge}")),
    unseen("nmap -sS -D, 100 ports", "192.0.2.3",
        Runs("nmap -sS -Pn -n -F -D 203.0.113.66,ME {edge}")),
    unseen("address that nmap -D pretends", "203.0.113.66", Nothing),
    unseen("masscan, 1,000 ports", "192.0.2.4",
        Runs("masscan {edge} -p1-1000 --rate=1000 --wait=2 --interface=eth0 \
            --adapter-ip={self} --router-mac={mac}")),
    unseen("zmap, port 23", "192.0.2.5",
        Runs("zmap -p 23 -b /dev/null -i eth0 -S {self} -G {mac} -r 100 -c 2 -q -o - {edge}/32")),
    unseen("hping3 -S, 100 ports", "192.0.2.6", Runs("hping3 -S --scan 1-100 {edge}")),
    harmless("curl, 20 pages", "203.0.113.1",
        Repeats(20, "curl -sf -m 5 -o /dev/null -HHost:shop.example http://{edge}/")),
    harmless("curl over TLS, 20 pages", "203.0.113.2",
        Repeats(20, "curl -skf -m 5 -o /dev/null --resolve shop.example:443:{edge} \
            https://shop.example/")),
    harmless("browser that connects early", "203.0.113.3", PreConnects),
    harmless("TCP health check, 60 s", "203.0.113.4", HealthCheck),
    harmless("wrk, 10 connections, 5 s", "203.0.113.5",
        Runs("wrk -t1 -c10 -d5s -HHost:shop.example http://{edge}/")),
    harmless("ab, 500 requests of HTTP/1.0", "203.0.113.6",
        Runs("ab -q -n500 -c5 -HHost:shop.example http://{edge}/")),
];

/// Several ports of one address.
const VERTICAL: &str = "vertical";
/// One port of one address.
const PROBE: &str = "probe";

const fn scanner(
    name: &'static str,
    address: &'static str,
    kind: &'static str,
    does: Does,
) -> Client {
    Client {
        name,
        address,
        does,
        expected: Expected::Flagged(kind),
    }
}

const fn unseen(name: &'static str, address: &'static str, does: Does) -> Client {
    Client {
        name,
        address,
        does,
        expected: Expected::Unseen,
    }
}

const fn harmless(name: &'static str, address: &'static str, does: Does) -> Client {
    Client {
        name,
        address,
        does,
        expected: Expected::Clean,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn every_client_has_an_address_and_every_scanner_a_network_of_its_own() {
        let addresses: BTreeSet<IpAddr> = CLIENTS.iter().map(Client::ip).collect();
        assert_eq!(addresses.len(), CLIENTS.len());
        let is_scanner = |client: &&Client| matches!(client.expected, Expected::Flagged(_));
        let scanners: Vec<_> = CLIENTS.iter().filter(is_scanner).collect();
        let networks: BTreeSet<Vec<u8>> = scanners
            .iter()
            .map(|client| match client.ip() {
                IpAddr::V4(v4) => v4.octets()[..3].to_vec(),
                IpAddr::V6(v6) => v6.octets()[..6].to_vec(),
            })
            .collect();
        assert_eq!(networks.len(), scanners.len());
    }
}
