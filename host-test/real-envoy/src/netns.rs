//! Network namespaces: hosts with their own addresses and all ports, on this machine alone.

use std::{
    fs::{self, File},
    net::IpAddr,
    path::Path,
    process::{self, Command, Output},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use anyhow::{Context, Result, anyhow, bail};
use nix::{
    sched::{CloneFlags, setns, unshare},
    unistd::Uid,
};

/// A network namespace, removed with its links when the last clone is dropped.
///
/// Its name is unique to this process. Namespaces that an earlier process left behind because it
/// was killed are removed when the next one is made.
#[derive(Clone, Debug)]
pub struct Netns {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
}

impl Netns {
    /// Whether namespaces can be made here; the error is one line that says what is missing.
    pub fn available() -> Result<(), String> {
        static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
        ANSWER.get_or_init(probe).clone()
    }

    /// Makes a namespace with nothing but its loopback interface, which is up.
    ///
    /// Fails where [`Netns::available`] does, with the same line.
    pub fn new() -> Result<Self> {
        Self::available().map_err(|reason| anyhow!(reason))?;
        remove_orphans();
        Self::make()
    }

    /// Makes two namespaces joined by a cable (`eth0` in both): one for a proxy, one for its
    /// clients. Addresses are written with their prefix length, such as `198.51.100.1/24` or
    /// `2001:db8::1/64`; choose networks that are reserved for documentation.
    ///
    /// Fails where [`Netns::available`] does, or when an address is not one.
    pub fn pair(proxy: &[&str], clients: &[&str]) -> Result<(Self, Self)> {
        let proxy_side = Self::new()?;
        let client_side = Self::new()?;
        let (a, b) = (proxy_side.name(), client_side.name());
        ip(&[
            "link", "add", "eth0", "netns", a, "type", "veth", "peer", "name", "eth0", "netns", b,
        ])?;
        for (side, addresses) in [(&proxy_side, proxy), (&client_side, clients)] {
            for address in addresses {
                side.add_address(address)?;
            }
            ip(&["-n", side.name(), "link", "set", "eth0", "up"])?;
        }
        Ok((proxy_side, client_side))
    }

    /// Gives `eth0` of this namespace one more address, such as `198.51.100.7/24`.
    ///
    /// Fails when it is no address, has no prefix length, or is there already.
    pub fn add_address(&self, address: &str) -> Result<()> {
        let (host, _prefix) = address
            .split_once('/')
            .with_context(|| format!("address {address:?} has no prefix length, such as /24"))?;
        let host: IpAddr = host
            .parse()
            .with_context(|| format!("{address:?} is not an IP address with a prefix length"))?;
        let mut args = vec!["-n", self.name(), "address", "add", address, "dev", "eth0"];
        // Without it an IPv6 address cannot be used for its first second.
        if host.is_ipv6() {
            args.push("nodad");
        }
        ip(&args)
    }

    /// The name that `ip netns` knows the namespace by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// A command that runs `program` inside (`ip netns exec`), ready for arguments.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.name(), program]);
        command
    }

    /// Runs `program` inside to its end. Fails, with its error output, when it does not exit 0.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<Output> {
        finish(self.command(program).args(args), program)
    }

    /// Calls `work` on a thread of its own inside the namespace.
    ///
    /// Sockets made and processes started there stay in the namespace and can be used from
    /// anywhere. Fails when the namespace cannot be entered; a panic of `work` goes on here.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let path = Path::new("/run/netns").join(self.name());
        thread::scope(|scope| {
            scope
                .spawn(move || {
                    let file =
                        File::open(&path).with_context(|| format!("open {}", path.display()))?;
                    setns(file, CloneFlags::CLONE_NEWNET)
                        .with_context(|| format!("enter {}", path.display()))?;
                    Ok(work())
                })
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn make() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", process::id());
        ip(&["netns", "add", &name])?;
        let namespace = Self {
            inner: Arc::new(Inner { name }),
        };
        ip(&["-n", namespace.name(), "link", "set", "lo", "up"])?;
        Ok(namespace)
    }
}

/// Calls `work` on a thread of its own, in a nameless namespace where **every** address is one of
/// this machine, and all ports are free: clients can come from anywhere, servers can listen at
/// whatever a configuration names. What `work` starts, threads and processes, is inside too; the
/// namespace ends with them.
///
/// Fails where [`Netns::available`] does; a panic of `work` goes on here.
pub fn isolated<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    Netns::available().map_err(|reason| anyhow!(reason))?;
    thread::scope(|scope| {
        scope
            .spawn(move || {
                unshare(CloneFlags::CLONE_NEWNET).context("make a network namespace")?;
                ip(&["link", "set", "lo", "up"])?;
                ip(&["route", "add", "local", "default", "dev", "lo"])?;
                // A machine without IPv6 has no such addresses.
                let _ = ip(&["-6", "route", "add", "local", "default", "dev", "lo"]);
                let _ = fs::write("/proc/sys/net/ipv6/ip_nonlocal_bind", "1");
                Ok(work())
            })
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A drop cannot fail; the next process removes what stays behind.
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

fn probe() -> Result<(), String> {
    if !Uid::effective().is_root() {
        return Err("network namespaces need root: run the tests as root to include these".into());
    }
    if Command::new("ip").arg("-V").output().is_err() {
        return Err("network namespaces need the command ip: install iproute2".into());
    }
    Netns::make()
        .map(drop)
        .map_err(|error| format!("network namespaces are not allowed here: {error:#}"))
}

/// Removes the namespaces of processes of this library that are gone.
fn remove_orphans() {
    let Ok(entries) = fs::read_dir("/run/netns") else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'));
        if let (Some(name), Some((pid, _))) = (name.to_str(), owner)
            && pid.parse::<u32>().is_ok()
            && !Path::new("/proc").join(pid).exists()
        {
            // Another process may have been quicker.
            let _ = ip(&["netns", "delete", name]);
        }
    }
}

const PREFIX: &str = "real-envoy-";

fn ip(args: &[&str]) -> Result<()> {
    finish(Command::new("ip").args(args), "ip").map(drop)
}

fn finish(command: &mut Command, program: &str) -> Result<Output> {
    let output = command
        .output()
        .with_context(|| format!("run {program}: is it installed?"))?;
    if !output.status.success() {
        let args: Vec<_> = command
            .get_args()
            .map(|arg| arg.to_string_lossy())
            .collect();
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} {}: {}: {}",
            command.get_program().to_string_lossy(),
            args.join(" "),
            output.status,
            errors.trim().replace('\n', " | ")
        );
    }
    Ok(output)
}
