//! The classifier on recorded traffic, where there is some.

use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;
use std::{env, eprintln, fs};

use super::super::*;

/// A file of `../shared/data` beside the workspace, or of the directory that `PORTSCAN_DATA` names.
fn data(name: &str) -> Option<String> {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into();
    let directory: PathBuf = env::var_os("PORTSCAN_DATA").map_or_else(beside, PathBuf::from);
    let path = directory.join(name);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: there is no {}", path.display());
    }
    text
}

fn bytes_of_hex(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// A connection in which the client said something.
struct Flow {
    trace: String,
    port: u16,
    first: Vec<u8>,
}

fn flows() -> Option<Vec<Flow>> {
    let text = data("first-payloads.jsonl")?;
    let flow = |line| {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        Flow {
            trace: json["trace"].as_str().unwrap().into(),
            port: json["dport"].as_u64().unwrap().try_into().unwrap(),
            first: bytes_of_hex(json["client_first"].as_str().unwrap()),
        }
    };
    let flows = text.lines().map(flow);
    Some(flows.filter(|flow| !flow.first.is_empty()).collect())
}

/// Traces that say by their names, or show at a look, that what is in them is not what their port
/// or folder says, and what it is where that has a name here.
const EXCEPTIONS: [(&str, u16, Option<Speaks>); 17] = [
    (
        "globus-url-copy-bad-encoding.pcap",
        55_968,
        Some(Speaks::Tls),
    ),
    ("globus-url-copy.pcap", 55_968, Some(Speaks::Tls)),
    ("http/docker-http-upgrade.pcap", 2375, Some(Speaks::Http)),
    ("http/get-to-ssh-server.pcap", 22, Some(Speaks::Http)),
    ("http/http-single-conn-22.pcap", 22, Some(Speaks::Http)),
    ("http/http-to-ssh.pcap", 22, Some(Speaks::Http)),
    (
        "postgresql/http-on-port-5432.pcap",
        5432,
        Some(Speaks::Http),
    ),
    (
        "postgresql/mysql-on-port-5432.pcap",
        5432,
        Some(Speaks::Mysql),
    ),
    ("ssh/ssh-on-port-80.pcap", 80, Some(Speaks::Ssh)),
    ("tls/https-to-http.pcap", 80, Some(Speaks::Tls)),
    ("tls/ssl-to-http-server.pcap", 80, Some(Speaks::Tls)),
    // Free text.
    ("tcp/window-scale-range.pcap", 80, None),
    // Commands that no Redis knows, called so.
    ("redis/attr.pcap", 6379, None),
    // Made by a fuzzer, or damaged on purpose.
    ("http/http-inner-transfer-encoding-ossfuzz.pcap", 80, None),
    ("netbios/netbios-truncated-session-msg.pcap", 139, None),
    ("rdp/rdp-invalid-length.pcap", 3389, None),
    ("smb/smb1-OSS-fuzz-54883.pcap", 139, None),
];

/// What a flow speaks, as its trace and port say; `None` where that has no name here.
fn label(flow: &Flow) -> Option<Speaks> {
    let is_this = |(trace, port, _): &&(&str, u16, _)| *trace == flow.trace && *port == flow.port;
    if let Some((_, _, speaks)) = EXCEPTIONS.iter().find(is_this) {
        return *speaks;
    }
    let folder = flow.trace.split_once('/').map_or("", |(folder, _)| folder);
    match (folder, flow.port) {
        (_, 21 | 2811) => Some(Speaks::Ftp),
        (_, 22 | 2222) | ("ssh", _) => Some(Speaks::Ssh),
        (_, 23) => Some(Speaks::Telnet),
        (_, 25) => Some(Speaks::Smtp),
        (_, 110) => Some(Speaks::Pop3),
        (_, 143) => Some(Speaks::Imap),
        // One trace has both SSH and TLS at 443, by sslh.
        (_, 443) if flow.first.starts_with(b"SSH") => Some(Speaks::Ssh),
        (_, 443 | 993) => Some(Speaks::Tls),
        ("tls", 3000 | 4433 | 4443 | 8888 | 9090 | 13_443 | 64_132) => Some(Speaks::Tls),
        (_, 80 | 8080) | ("http" | "websocket" | "zip" | "bittorrent" | "spicy", _) => {
            Some(Speaks::Http)
        }
        (_, 139 | 445) => Some(Speaks::Smb),
        (_, 1080 | 8124 | 10_080) => Some(Speaks::Socks),
        (_, 3306) => Some(Speaks::Mysql),
        (_, 3389) => Some(Speaks::Rdp),
        (_, 5432 | 15_432) => Some(Speaks::Postgres),
        (_, 5900 | 5901) => Some(Speaks::Vnc),
        (_, 6379) => Some(Speaks::Redis),
        _ => None,
    }
}

#[test]
fn recorded_clients_fit_their_listeners() {
    let Some(flows) = flows() else { return };
    let (mut count, mut fitting, mut named) = (0, 0, 0);
    for flow in &flows {
        let Some(speaks) = label(flow) else { continue };
        let reading = read(&flow.first);
        let fit = speaks.fits(reading);
        count += 1;
        fitting += u32::from(fit == Fit::Yes);
        named += u32::from(speaks.protocols().has(reading.at_end()));
        if fit != Fit::Yes {
            let first = flow.first.escape_ascii();
            eprintln!("{fit:?} for {speaks:?} in {}: {first}", flow.trace);
        }
    }
    eprintln!("{count} clients of named protocols: {fitting} fit, {named} are named so");
    assert!(count > 500, "{count}");
    assert!(fitting * 100 >= count * 99, "{fitting} of {count}");
    // `AUTH`, `LIST` and `USER` of POP3 and Redis have the name of FTP.
    assert!(named * 100 >= count * 98, "{named} of {count}");
}

#[test]
fn recorded_http_and_tls_is_at_home_on_its_ports() {
    /// Four bytes of binary before a request.
    const BAD_REQUEST: &str = "http/http-bad-request-with-version.pcap";
    /// `T` and nothing else.
    const SHORTEST: &[u8] = b"T \n";
    let Some(flows) = flows() else { return };
    for flow in &flows {
        let Some(speaks @ (Speaks::Http | Speaks::Tls)) = label(flow) else {
            continue;
        };
        if flow.trace != BAD_REQUEST && flow.first != SHORTEST {
            let fit = speaks.fits(read(&flow.first));
            assert_ne!(fit, Fit::No, "{}", flow.trace);
        }
    }
}

#[test]
fn recorded_clients_of_other_protocols_rarely_fit() {
    let Some(flows) = flows() else { return };
    let (mut count, mut fitting) = (0, 0);
    // Everything that is a line is good telnet; a trace of Modbus has scanners of all kinds in it.
    let strict = Speaks::ALL
        .into_iter()
        .filter(|speaks| *speaks != Speaks::Telnet);
    let is_other = |flow: &&Flow| label(flow).is_none() && !flow.trace.contains("non-modbus");
    for flow in flows.iter().filter(is_other) {
        let reading = read(&flow.first);
        count += 1;
        for speaks in strict
            .clone()
            .filter(|speaks| speaks.fits(reading) == Fit::Yes)
        {
            fitting += 1;
            let first = flow.first.escape_ascii();
            eprintln!("{speaks:?} in {}: {first}", flow.trace);
        }
    }
    eprintln!("{count} clients of other protocols fit {fitting} times");
    assert!(count > 200, "{count}");
    assert!(fitting * 20 <= count, "{fitting} of {count}");
}

/// Hundredths of all connections, as counted by hand from the same trace.
const SHARES: [(&[Protocol], f64); 6] = [
    (&[Protocol::Tls], 34.4),
    // The two that look like it were counted as it.
    (&[Protocol::Http1, Protocol::Sip, Protocol::Rtsp], 23.5),
    (&[Protocol::Ssh], 2.9),
    (&[Protocol::Rdp], 1.9),
    (&[Protocol::Socks], 1.2),
    (&[Protocol::Smb], 0.2),
];

#[test]
fn what_scanners_send_is_told_apart() {
    let Some(text) = data("honeytrap-2025.csv") else {
        return;
    };
    let firsts = text.lines().skip(1).map(|line| line.rsplit(',').next());
    let firsts: Vec<Vec<u8>> = firsts.map(|hex| bytes_of_hex(hex.unwrap())).collect();
    let share = |count: usize| 100.0 * count as f64 / firsts.len() as f64;
    let said: Vec<Reading> = firsts
        .iter()
        .filter(|first| !first.is_empty())
        .map(|first| read(first))
        .collect();
    eprintln!("Empty {:.1} %", share(firsts.len() - said.len()));
    for protocol in Protocol::NAMED.into_iter().chain([Protocol::Other]) {
        let count = said.iter().filter(|reading| reading.at_end() == protocol);
        eprintln!("{protocol:?} {:.1} %", share(count.count()));
    }
    for (protocols, expected) in SHARES {
        let found = said
            .iter()
            .filter(|reading| protocols.contains(&reading.at_end()));
        let found = share(found.count());
        assert!((found - expected).abs() <= 0.5, "{protocols:?}: {found}");
    }
}
