//! The real firewall bouncer of CrowdSec, fed by the portal, inside a namespace.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use anyhow::Context;
use real_envoy::{Netns, Result, Scratch, eventually, http::Source, workspace_root};

use super::{ask, firewall::load};
use crate::edge::{Edge, PATIENCE, POLICY, knock, namespaces_are_available};

/// What the bouncer sends; the edge knows its SHA-256.
const KEY: &str = "a key of the test";
const KEY_SHA256: &str = "136cf9d878e45dd4425c87f96696858402215b2ee17ffd866061265dcc6fe73d";

/// The program, if it is on PATH or `.ci/portal-tools` has brought it.
fn bouncer() -> Option<PathBuf> {
    const NAME: &str = "crowdsec-firewall-bouncer";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = workspace_root().join(".tools/bin");
    let found = std::env::split_paths(&path)
        .chain([own])
        .map(|folder| folder.join(NAME))
        .find(|program| program.exists());
    if found.is_none() {
        eprintln!("skipped: no {NAME}: run .ci/portal-tools");
    }
    found
}

/// A bouncer at work; it ends with the test.
struct Bouncer {
    child: Child,
    log: PathBuf,
    _folder: Scratch,
}

impl Bouncer {
    fn start(namespace: &Netns, program: &Path, key: &str) -> Result<Self> {
        let folder = Scratch::new()?;
        let log = folder.path("log");
        let pid_dir = folder.path(".");
        let config = format!(
            "mode: nftables\npid_dir: {}\nupdate_frequency: 1s\ndaemonize: false\n\
             log_mode: stdout\nlog_level: debug\napi_url: http://127.0.0.1:9902/\n\
             api_key: {key}\ndisable_ipv6: true\ndeny_action: DROP\n\
             supported_decisions_types: [ban]\n\
             blacklists_ipv4: crowdsec-blacklists\nblacklists_ipv6: crowdsec6-blacklists\n\
             nftables:\n  ipv4: {{ enabled: true, set-only: false, table: crowdsec, \
             chain: crowdsec-chain }}\n  ipv6: {{ enabled: false }}\n\
             prometheus: {{ enabled: false }}\n",
            pid_dir.display(),
        );
        let config = folder.write("bouncer.yaml", &config)?;
        let output = fs::File::create(&log)?;
        let child = namespace
            .command(program.to_str().context("a path")?)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::from(output))
            .spawn()?;
        Ok(Self {
            child,
            log,
            _folder: folder,
        })
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_bouncer_shuts_a_scanner_out_until_its_verdict_expires() -> Result<()> {
    if !namespaces_are_available() {
        return Ok(());
    }
    let Some(program) = bouncer() else {
        return Ok(());
    };
    let namespace = Netns::new()?;
    let edge = Edge::start_inside(&namespace, "edge.yaml", |builder| {
        builder
            .replace(POLICY, r#"{"verdict_ttl_secs":8}"#)
            .replace(
                r#"{"role":"portal"}"#,
                &format!(r#"{{"role":"portal","bouncer_key_sha256":"{KEY_SHA256}"}}"#),
            )
    })?;
    let refused = ask(&edge, "GET", "/v1/decisions/stream", &[("x-api-key", "no")])?;
    assert_eq!(refused.status, 403);

    let bouncer = Bouncer::start(&namespace, &program, KEY)?;
    let listed = || {
        let args = ["list", "set", "ip", "crowdsec", "crowdsec-blacklists"];
        load(&namespace, "nft", &args, "").ok()
    };
    eventually("the bouncer has made its set", PATIENCE, listed).with_context(|| bouncer.log())?;
    // The scanner has an address of its own, so that shutting it out cuts nobody else off.
    let scanner = Source::loopback(32, 0, 1).inside(&namespace);
    knock(&scanner, edge.decoy(0))?;
    let has_it = |set: &String| set.contains("127.32.0.1");
    eventually("the scanner is shut out", PATIENCE, || {
        listed().filter(has_it)
    })
    .with_context(|| bouncer.log())?;
    eventually("the scanner is let in again", PATIENCE, || {
        listed().filter(|set| !has_it(set))
    })
    .with_context(|| bouncer.log())?;
    eventually("the bouncer was told to let it in", PATIENCE, || {
        bouncer.log().contains("1 decision deleted").then_some(())
    })
    .with_context(|| bouncer.log())?;
    Ok(())
}
