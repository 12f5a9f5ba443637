//! The module in the harness and the detector itself say the same of the same trace.

use std::net::{IpAddr, Ipv4Addr};

use host_test::{config::Code, guest::Engine, replay::Edge};
use portscan_core::evidence::{Evidence, EvidenceSet};
use portscan_replay::{
    native::Native,
    replay::{replay, try_replay},
    setup::Setup,
    trace::{Contact, read_file},
};
use real_envoy::{Result, workspace_root};

/// Both engines over `contacts`; how many sources they flagged.
fn both(contacts: &[Contact], setup: &Setup) -> Result<u64> {
    let native = replay(contacts, setup, Native::new);
    let code = Code::File(workspace_root().join("target/portscan.wasm"));
    let engine = Engine::cached()?;
    let wasm = try_replay(contacts, setup, |setup| Edge::new(setup, &code, &engine))
        .map_err(anyhow::Error::msg)?;
    assert_eq!(native.verdicts, wasm.verdicts);
    assert_eq!(native.tagged, wasm.tagged);
    let mut summary = wasm.summary.clone();
    summary.seconds = native.summary.seconds;
    assert_eq!(native.summary, summary);
    Ok(summary.flagged_sources)
}

fn setup(policy: &str, without: &[Evidence]) -> Result<Setup> {
    let without: EvidenceSet = without.iter().copied().collect();
    let mut setup =
        Setup::new(policy, without).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    setup.real_ports = [22, 80, 443].into();
    setup.login_ports = [22].into();
    Ok(setup)
}

/// Contacts of many kinds from a few networks, the same in every run.
fn contacts(count: u32) -> Vec<Contact> {
    let firsts: [&[u8]; 5] = [
        b"",
        b"GET /.env HTTP/1.1\r\nHost: 198.51.100.1\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    ];
    let ports = [443, 80, 22, 23, 8080, 5432, 3389, 9000];
    let mut state = 7_u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let pick = |index: u32| usize::try_from(index).unwrap_or_default();
    (0..count)
        .map(|n| {
            let source = 0xcb00_7100 + next(3) * 0x100 + next(40);
            let first = firsts[pick(next(5))];
            Contact {
                at: 1_790_000_000_000_000 + u64::from(n) * 1_700_000,
                src: IpAddr::V4(Ipv4Addr::from(source)),
                sport: 0,
                dst: Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1))),
                dport: ports[pick(next(8))],
                duration: u64::from(next(30)) * 600_000,
                bytes: [None, Some(first.len() as u64)][pick(next(2))],
                first: first.into(),
                served: [None, Some(true), Some(false)][pick(next(3))],
            }
        })
        .collect()
}

#[test]
fn module_and_detector_give_the_same_verdicts() -> Result<()> {
    let contacts = contacts(3_000);
    let all = both(&contacts, &setup("", &[])?)?;
    let edges = Setup {
        edge_by_destination: true,
        ..setup(r#"{"sensitivity":"high"}"#, &[])?
    };
    let some = both(
        &contacts,
        &setup(
            "",
            &[
                Evidence::Decoy,
                Evidence::Ports,
                Evidence::Bruteforce,
                Evidence::Exploit,
                Evidence::Network,
            ],
        )?,
    )?;
    assert!(0 < some && some < all, "{some} {all}");
    both(&contacts, &edges)?;
    Ok(())
}

#[test]
fn they_agree_on_recorded_traces() -> Result<()> {
    let data = std::env::var_os("PORTSCAN_DATA")
        .map_or_else(|| workspace_root().join("../shared/data"), Into::into);
    for file in ["accept-lab/accept.ndjson", "honeytrap-2025.csv"] {
        let path = data.join(file);
        if !path.is_file() {
            eprintln!("skipped: there is no {}", path.display());
            continue;
        }
        assert!(both(&read_file(&path)?, &setup("", &[])?)? > 0, "{file}");
    }
    Ok(())
}
