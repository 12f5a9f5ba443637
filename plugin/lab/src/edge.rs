//! The edge: an Envoy that has all ports, and the clients that come to it.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use real_envoy::{
    Envoy, Netns, Result, eventually,
    http::{Echo, EchoUpstream, Http1, Request, Source},
    workspace_root,
};

use crate::{
    access_log::{self, Contact, VERDICT_PATH},
    client::{Client, Does, Ending, RUN_MAX},
    network::{self, EDGE_V4, EDGE_V6, Machine},
};

/// The edge with everything around it; all of it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Edge {
    envoy: Envoy,
    machines: BTreeMap<&'static str, Machine>,
    // The namespace goes after Envoy.
    _upstream: EchoUpstream,
    _namespace: Netns,
}

impl Edge {
    /// Starts it, with a machine for each of `clients`.
    pub(crate) fn start(clients: &[&'static Client]) -> Result<Self> {
        let namespace = network::edge()?;
        let listener = namespace.enter(|| TcpListener::bind("127.0.0.1:18080"))??;
        let upstream = EchoUpstream::serve(listener)?;
        let envoy = Envoy::builder("envoy/all-ports.yaml")
            .inside(&namespace)
            .keep_ports()
            .replace(DECOYS_ALONE, "true")
            .replace("%START_TIME%", "%START_TIME(%s.%6f)%")
            .replace(NATIVE, "")
            .replace(ROUTER, &format!("{TAGGER}{ROUTER}"))
            .replace(r#""decoy":true"#, r#""decoy":true,"standing":"tagger""#)
            .start()?;
        let rules = workspace_root().join("envoy/all-ports.nft");
        namespace.run("nft", &["-f", &rules.to_string_lossy()])?;
        // Nobody here needs the way in.
        let ssh = ["delete", "element", "inet", "portscan", "kept", "{ 22 }"];
        namespace.run("nft", &ssh)?;
        let mut machines = BTreeMap::new();
        for (number, client) in clients.iter().enumerate() {
            let machine = network::machine(&namespace, number, client.ip())
                .with_context(|| format!("a machine for {}", client.name))?;
            machines.insert(client.address, machine);
        }
        Ok(Self {
            envoy,
            machines,
            _upstream: upstream,
            _namespace: namespace,
        })
    }

    /// Lets `client` do what it does, and asks for the verdict.
    pub(crate) fn run(&self, client: &Client) -> Ending {
        let done = self.act(client);
        // A verdict reaches every worker within a second.
        thread::sleep(VERDICT_WITHIN);
        let header = self.verdict(client);
        let problem = match (&done, &header) {
            (Err(error), _) | (_, Err(error)) => Some(format!("{error:#}")),
            _ => None,
        };
        Ending {
            header: header.unwrap_or_default(),
            problem,
        }
    }

    /// Everything that was accepted from the clients, in the order of time.
    pub(crate) fn contacts(&mut self) -> Result<Vec<Contact>> {
        let active = "listener.0.0.0.0_15001.downstream_cx_active";
        // What is still open is closed by the decoys' hold_secs, or not at all: then it stays out.
        let _ = eventually("all connections end", HELD_MAX, || {
            (self.envoy.counter(active).ok()? == 0).then_some(())
        });
        // The access log is flushed every 20 ms.
        thread::sleep(Duration::from_millis(200));
        access_log::contacts(&self.envoy.stdout())
    }

    fn act(&self, client: &Client) -> Result<()> {
        match client.does {
            Does::Runs(line) => self.run_program(client, line),
            Does::RunsOwnTcp(line) => {
                let machine = self.machine(client)?;
                for rule in NO_RESETS {
                    machine.namespace.run("nft", &[rule])?;
                }
                self.run_program(client, line)
            }
            Does::Repeats(times, line) => {
                (0..times).try_for_each(|_| self.run_program(client, line))
            }
            Does::HealthCheck => {
                let source = self.source(client)?;
                for _ in 0..60 {
                    source.touch(web(client))?;
                    thread::sleep(Duration::from_secs(1));
                }
                Ok(())
            }
            Does::PreConnects => {
                let source = self.source(client)?;
                let used = source.connect(web(client))?;
                let idle = source.connect(web(client))?;
                thread::sleep(Duration::from_secs(4));
                let page = Request::get("/").authority("shop.example");
                Http1::over(used)?.send(&page)?;
                drop(idle);
                Ok(())
            }
            Does::Nothing => Ok(()),
        }
    }

    /// The header of a request by name from the address of `client`.
    fn verdict(&self, client: &Client) -> Result<Option<String>> {
        let stream = self.source(client)?.connect(web(client))?;
        let request = Request::get(VERDICT_PATH).authority("shop.example");
        let answer = Http1::over(stream)?.send(&request)?;
        let echo = Echo::parse(&answer.text()).context("the answer of another service")?;
        let mut headers = echo.headers.into_iter();
        Ok(headers
            .find(|(name, _)| name == "x-portscan")
            .map(|(_, value)| value))
    }

    fn run_program(&self, client: &Client, line: &str) -> Result<()> {
        let machine = self.machine(client)?;
        let mut words = line.split_whitespace().map(|word| {
            word.replace("{edge}", edge_address(client))
                .replace("{mac}", &machine.edge_mac)
                .replace("{self}", client.address)
        });
        let program = words.next().context("an empty line")?;
        let mut command = machine.namespace.command(&program);
        finish(command.args(words), &program)
    }

    fn machine(&self, client: &Client) -> Result<&Machine> {
        let machine = self.machines.get(client.address);
        machine.with_context(|| format!("{} has no machine", client.name))
    }

    fn source(&self, client: &Client) -> Result<Source> {
        Ok(Source::ip(client.ip()).inside(&self.machine(client)?.namespace))
    }
}

/// Runs `command` to its end, at most [`RUN_MAX`].
fn finish(command: &mut Command, program: &str) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("run {program}"))?;
    let start = Instant::now();
    loop {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        if start.elapsed() > RUN_MAX {
            child.kill()?;
            child.wait()?;
            bail!("{program} did not end within {RUN_MAX:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn edge_address(client: &Client) -> &'static str {
    if client.ip().is_ipv6() {
        EDGE_V6
    } else {
        EDGE_V4
    }
}

/// The service, in the client's family of addresses.
fn web(client: &Client) -> SocketAddr {
    let address = edge_address(client).parse();
    SocketAddr::new(
        address.unwrap_or_else(|_| unreachable!("the address of the edge")),
        80,
    )
}

/// The filter of the access log in the configuration: without it, connections to real ports are
/// logged as well, those without a request too.
const DECOYS_ALONE: &str = "!(destination.port in [80, 443])";

const VERDICT_WITHIN: Duration = Duration::from_millis(1_500);

/// Decoys hold silent clients for 30 s.
const HELD_MAX: Duration = Duration::from_secs(35);

/// Rules for nft.
const NO_RESETS: [&str; 3] = [
    "add table inet lab",
    "add chain inet lab output { type filter hook output priority 0; }",
    "add rule inet lab output tcp flags & rst == rst drop",
];

/// Envoy's own writing of the header, in the configuration.
const NATIVE: &str = "                - append:
                    header: { key: x-portscan, value: \"%FILTER_STATE(wasm.portscan:PLAIN)%\" }
                    append_action: APPEND_IF_EXISTS_OR_ADD
";

const ROUTER: &str = "          - name: envoy.filters.http.router\n";

/// The tagger in its place, as in `edge-inspect.yaml`: it looks into requests.
const TAGGER: &str = "          - name: envoy.filters.http.wasm
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                name: portscan tagger
                root_id: tagger
                failure_policy: FAIL_RELOAD
                vm_config: *vm
                configuration:
                  \"@type\": type.googleapis.com/google.protobuf.StringValue
                  value: '{\"role\":\"tagger\"}'
";
