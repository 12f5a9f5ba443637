//! The two scanners of the demo: a small one of its own, and nmap where it is installed.

use std::{net::SocketAddr, process::Command};

use anyhow::{Context, Result, bail};
use real_envoy::http::Source;

/// Connects to each of `targets` and closes at once, as a connect scan does; how many are open.
pub(crate) fn connect_scan(source: &Source, targets: &[SocketAddr]) -> usize {
    let is_open = |target: &&SocketAddr| source.touch(**target).is_ok();
    targets.iter().filter(is_open).count()
}

/// Lets nmap make a connect scan of `ports` on `::1`, which it then comes from as well. How many
/// are open; `None` where there is no nmap.
pub(crate) fn nmap(ports: &[u16]) -> Result<Option<usize>> {
    let list: Vec<String> = ports.iter().map(u16::to_string).collect();
    let started = Command::new("nmap")
        .args([
            "-6",
            "-sT",
            "-Pn",
            "-n",
            "--host-timeout",
            "60s",
            "-oG",
            "-",
        ])
        .args(["-p", &list.join(","), "::1"])
        .output();
    let output = match started {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("start nmap"),
    };
    if !output.status.success() {
        bail!("nmap ended with {}", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(Some(text.matches("/open/tcp").count()))
}
