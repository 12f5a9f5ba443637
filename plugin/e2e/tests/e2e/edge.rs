//! An Envoy with the module, in front of an upstream that repeats what reached it.

use std::{
    collections::BTreeMap,
    io::Write,
    net::{IpAddr, SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::{Context, ensure};
use real_envoy::{
    Envoy, Netns, Result,
    envoy::Builder,
    eventually,
    http::{Echo, EchoUpstream, Request, Response, Source, read_until_close},
};
use serde_json::Value;

/// Decoys of the configurations, in the order of the file; the last one is a port that people
/// reach by mistake, as long as it keeps its number.
pub(crate) const DECOYS: [u16; 7] = [10_022, 10_023, 10_445, 13_306, 13_389, 16_379, 8_008];

/// How long a test waits for what must happen; far more than any of it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An edge and the service behind it; both end when it is dropped.
pub(crate) struct Edge {
    pub(crate) envoy: Envoy,
    pub(crate) upstream: EchoUpstream,
}

impl Edge {
    /// Starts the configuration `file` of the folder `envoy`, on free ports.
    pub(crate) fn start(file: &str) -> Result<Self> {
        Self::start_with(file, |builder| builder)
    }

    /// The same, changed by `choose`.
    pub(crate) fn start_with(file: &str, choose: impl FnOnce(Builder) -> Builder) -> Result<Self> {
        let upstream = EchoUpstream::start()?;
        let builder = Envoy::builder(format!("envoy/{file}")).map_port(SERVICE, upstream.port());
        let envoy = choose(builder).start()?;
        Ok(Self { envoy, upstream })
    }

    /// The same inside `namespace`, with the ports of the file.
    pub(crate) fn start_inside(
        namespace: &Netns,
        file: &str,
        choose: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let listener = namespace.enter(|| TcpListener::bind(("127.0.0.1", SERVICE)))??;
        let upstream = EchoUpstream::serve(listener)?;
        let builder = Envoy::builder(format!("envoy/{file}"));
        let envoy = choose(builder.inside(namespace).keep_ports()).start()?;
        Ok(Self { envoy, upstream })
    }

    /// Where the service listens.
    pub(crate) fn service(&self) -> SocketAddr {
        self.envoy.addr(10_000)
    }

    /// Where the decoy listens that has this number in [`DECOYS`].
    pub(crate) fn decoy(&self, number: usize) -> SocketAddr {
        self.envoy.addr(DECOYS[number])
    }

    /// The tag that a new request of `source` carries.
    pub(crate) fn tag(&self, source: &Source) -> Result<Option<String>> {
        tag(&source.send(self.service(), &stranger())?)
    }

    /// Waits until a new request of `source` carries a tag, on whichever worker that is.
    pub(crate) fn wait_for_tag(&self, source: &Source) -> Result<String> {
        let mut last = None;
        let tagged = eventually("a tagged request", PATIENCE, || {
            let answer = self.tag(source).map_err(|error| format!("{error:#}"));
            let tag = answer.clone().ok().flatten();
            last = Some(answer);
            tag
        });
        tagged.with_context(|| format!("the last answer: {last:?}"))
    }

    /// A counter or gauge of the module; what follows `portscan_` is its name.
    pub(crate) fn metric(&self, name: &str) -> Result<u64> {
        self.envoy.counter(&metric(name))
    }

    /// Waits until a counter or gauge of the module is exactly `value`.
    pub(crate) fn wait_for_metric(&self, name: &str, value: u64) -> Result<()> {
        let mut last = None;
        eventually("the metric", PATIENCE, || {
            last = self.metric(name).ok();
            (last == Some(value)).then_some(())
        })
        .with_context(|| format!("{name} is {last:?} and not {value}"))
    }

    /// A counter of the module once it has what happened before this call.
    ///
    /// For counters that are to stay as they are: each worker adds up by itself and tells all its
    /// counters at once, so connections made now, on every worker, show that it has told them.
    pub(crate) fn counted(&self, name: &str) -> Result<u64> {
        let client = Source::loopback(255, 255, 254);
        let client = match self.envoy.namespace() {
            Some(namespace) => client.inside(namespace),
            None => client,
        };
        let before = self.connections_by_worker()?;
        // The second one on a worker is made after that has closed what ended before.
        eventually("two connections on every worker", PATIENCE, || {
            client.send(self.service(), &stranger()).ok()?;
            let now = self.connections_by_worker().ok()?;
            let is_seen = |(worker, count): (&String, &u64)| now.get(worker) >= Some(&(count + 2));
            before.iter().all(is_seen).then_some(())
        })?;
        let made: u64 = self.connections_by_worker()?.values().sum();
        eventually("all connections are counted", PATIENCE, || {
            let stats = self.envoy.stats().ok()?;
            let counts = CONNECTIONS.map(|name| stats.get(&metric(name)).copied());
            (counts.into_iter().flatten().sum::<u64>() >= made).then_some(())
        })?;
        self.metric(name)
    }

    /// How many connections each worker has taken.
    fn connections_by_worker(&self) -> Result<BTreeMap<String, u64>> {
        let mut connections = BTreeMap::new();
        for (name, value) in self.envoy.stats()? {
            let listener = name.strip_suffix(".downstream_cx_total");
            if let Some((_, worker)) = listener.and_then(|name| name.rsplit_once(".worker_")) {
                *connections.entry(worker.to_owned()).or_default() += value;
            }
        }
        ensure!(!connections.is_empty(), "Envoy names no workers");
        Ok(connections)
    }

    /// Waits for the line of the access log about the connection or request from `source`.
    pub(crate) fn logged(&self, source: SocketAddr) -> Result<Value> {
        let part = format!("\"{source}\"");
        let line = self.envoy.wait_for_stdout(&part, PATIENCE)?;
        serde_json::from_str(&line).with_context(|| format!("not a line of JSON: {line}"))
    }
}

/// The policy of most configurations, for [`Builder::replace`].
pub(crate) const POLICY: &str = r#"{ "sensitivity": "medium" }"#;

/// Every connection that reaches the module is counted under one of these.
const CONNECTIONS: [&str; 3] = [
    "connections_total.listener.decoy",
    "connections_total.listener.real",
    "address_errors_total",
];

/// The port of the upstream in the configurations.
const SERVICE: u16 = 18_080;

/// The name of a counter or gauge of the module in Envoy's statistics.
pub(crate) fn metric(name: &str) -> String {
    format!("wasmcustom.portscan_{name}")
}

/// A request for a host that is no name and no address: being served earns no standing, and asking
/// is no evidence.
pub(crate) fn stranger() -> Request {
    Request::get("/").authority("1")
}

/// What the upstream saw of a request that it answered.
#[track_caller]
pub(crate) fn echo(response: &Response) -> Echo {
    assert_eq!(response.status, 200, "{}", response.text());
    Echo::parse(&response.text()).expect("the upstream answers with an echo")
}

/// The tag that reached the upstream. Fails when the request was refused, and when anything but
/// one header in the one spelling reached it.
pub(crate) fn tag(response: &Response) -> Result<Option<String>> {
    ensure!(response.status == 200, "answered with {}", response.status);
    let echo = Echo::parse(&response.text()).context("not an echo")?;
    let named = |fields: &[(String, String)]| -> Vec<String> {
        let is_ours = |name: &str| name.to_lowercase().replace('_', "-") == "x-portscan";
        let found = fields.iter().filter(|(name, _)| is_ours(name));
        found
            .map(|(name, value)| format!("{name}: {value}"))
            .collect()
    };
    let (headers, trailers) = (named(&echo.headers), named(&echo.trailers));
    ensure!(trailers.is_empty(), "trailers {trailers:?}");
    match &headers[..] {
        [] => Ok(None),
        [one] => {
            let value = one.strip_prefix("x-portscan: ");
            Ok(Some(
                value.with_context(|| format!("header {one:?}"))?.into(),
            ))
        }
        more => anyhow::bail!("more than one header: {more:?}"),
    }
}

/// Connects to a decoy, says something that no browser says, and waits until it hangs up. By then
/// the worker that has seen it knows the verdict. Returns where the connection came from.
pub(crate) fn knock(source: &Source, decoy: SocketAddr) -> Result<SocketAddr> {
    say(source, decoy, &[b"SSH-2.0-x\r\n"])
}

/// Whether no byte from `client` waits in the kernel for `server` on loopback (IPv4): what was sent
/// is read, or the connection is over.
fn has_read_all(server: SocketAddr, client: SocketAddr) -> bool {
    // Linux, Documentation/networking/proc_net_tcp: addresses in host order, ports, queues in hex.
    let entry = |address: SocketAddr| match address {
        SocketAddr::V4(v4) => {
            let bits = u32::from_ne_bytes(v4.ip().octets());
            format!("{bits:08X}:{:04X}", v4.port())
        }
        SocketAddr::V6(_) => String::new(),
    };
    let (server, client) = (entry(server), entry(client));
    let table = std::fs::read_to_string("/proc/thread-self/net/tcp").unwrap_or_default();
    !table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let is_ours = fields.next() == Some(&server) && fields.next() == Some(&client);
        let queues = fields.nth(1).and_then(|queues| queues.split_once(':'));
        is_ours && queues.is_some_and(|(_, unread)| unread != "00000000")
    })
}

/// Connects to a decoy, writes `parts` one by one, and waits until it hangs up without an answer.
/// Returns where the connection came from.
pub(crate) fn say(source: &Source, decoy: SocketAddr, parts: &[&[u8]]) -> Result<SocketAddr> {
    let mut stream = source.connect(decoy)?;
    let from = stream.local_addr()?;
    for part in parts {
        stream.write_all(part)?;
        eventually("the decoy has read this part", PATIENCE, || {
            has_read_all(decoy, from).then_some(())
        })?;
    }
    let answer = read_until_close(&mut stream, PATIENCE)?;
    ensure!(
        answer.is_empty(),
        "a decoy answered {}",
        answer.escape_ascii()
    );
    Ok(from)
}

/// A source at `ip` inside `namespace`.
pub(crate) fn host(namespace: &Netns, ip: &str) -> Result<Source> {
    Ok(Source::ip(ip.parse::<IpAddr>()?).inside(namespace))
}

/// Whether namespaces can be made here; says why not.
pub(crate) fn namespaces_are_available() -> bool {
    Netns::available()
        .inspect_err(|reason| eprintln!("skipped: {reason}"))
        .is_ok()
}

#[test]
fn bytes_that_wait_in_the_kernel_are_not_read() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (mut server, from) = listener.accept()?;
    let to = listener.local_addr()?;
    assert!(has_read_all(to, from));
    client.write_all(b"x")?;
    eventually("the byte has arrived", PATIENCE, || {
        (!has_read_all(to, from)).then_some(())
    })?;
    std::io::Read::read_exact(&mut server, &mut [0])?;
    assert!(has_read_all(to, from));
    Ok(())
}
