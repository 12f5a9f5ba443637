//! Ports that no other test uses, for as long as they are held.
//!
//! Envoy listens with `SO_REUSEPORT`, so two of them would share a port without a word: a check
//! by binding is not enough. Each port taken here is also a locked file, which every process that
//! uses this library respects and which the kernel releases when the process ends.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    env,
    fs::{self, File, OpenOptions},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

/// A loopback port that is this process's alone until it is dropped.
#[derive(Debug)]
pub struct PortLease {
    port: u16,
    // Locked as long as it is open.
    _lock: File,
}

impl PortLease {
    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Takes a port that nobody listens on and no other holder of a [`PortLease`] has.
///
/// Fails when all of them are taken, or when the temporary folder is not writable.
pub fn free_port() -> Result<PortLease> {
    // Processes that start together look in different places.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let folder = lock_folder()?;
    let start = (process::id() % u32::from(PORTS)) as u16;
    for _ in 0..PORTS {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % PORTS;
        let offset = (u32::from(start) * 61 + u32::from(step)) % u32::from(PORTS);
        let port = FIRST + offset as u16;
        let path = folder.join(port.to_string());
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        if file.try_lock().is_ok() && nobody_listens(port) {
            return Ok(PortLease { port, _lock: file });
        }
    }
    bail!(
        "no free port in {FIRST}..{}: stop other tests",
        FIRST + PORTS
    )
}

/// Below the ports that Linux hands out by itself, which clients and upstreams use.
const FIRST: u16 = 20_000;
const PORTS: u16 = 12_000;

fn lock_folder() -> Result<PathBuf> {
    let folder = env::temp_dir().join(format!("real-envoy-ports-{}", Uid::current()));
    fs::create_dir_all(&folder).with_context(|| format!("make folder {}", folder.display()))?;
    Ok(folder)
}

fn nobody_listens(port: u16) -> bool {
    let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    // A machine without IPv6 has nobody who listens there.
    let v6 = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    let v6_free = v6
        .as_ref()
        .map_or_else(|e| e.kind() != std::io::ErrorKind::AddrInUse, |_| true);
    v4.is_ok() && v6_free
}

/// Which real port stands for which port of the configuration.
#[derive(Debug, Default)]
pub(crate) struct PortMap {
    real: BTreeMap<u16, u16>,
    // Held for as long as the Envoy lives.
    leases: Vec<PortLease>,
}

impl PortMap {
    /// Lets `real` stand for `port`.
    pub(crate) fn fix(&mut self, port: u16, real: u16) {
        self.real.insert(port, real);
    }

    /// Takes a free port for `port` unless something stands for it already.
    pub(crate) fn take(&mut self, port: u16) -> Result<()> {
        if let Entry::Vacant(free) = self.real.entry(port) {
            let lease = free_port()?;
            free.insert(lease.port());
            self.leases.push(lease);
        }
        Ok(())
    }

    /// The real port; `None` when the configuration does not have `port`.
    pub(crate) fn get(&self, port: u16) -> Option<u16> {
        self.real.get(&port).copied()
    }

    #[track_caller]
    pub(crate) fn real(&self, port: u16) -> u16 {
        self.get(port).unwrap_or_else(|| {
            let known: Vec<_> = self.real.keys().collect();
            panic!("the configuration has no port_value {port}, only {known:?}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_never_share_a_port() {
        let leases: Vec<_> = (0..200).map(|_| free_port().unwrap()).collect();
        let mut ports: Vec<_> = leases.iter().map(PortLease::port).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), leases.len());
    }

    #[test]
    fn a_port_that_is_listened_on_is_not_free() {
        let lease = free_port().unwrap();
        let _listener = TcpListener::bind(("127.0.0.1", lease.port())).unwrap();
        assert!(!nobody_listens(lease.port()));
    }
}
