//! The story: what happens, what the service sees of it, and what must be true of that.

use anyhow::{Context, Result, ensure};
use real_envoy::http::{Http1, Request, Source};

use crate::{
    edge::{DECOYS, Edge, tag},
    scan,
    tell::Tell,
};

/// Loopback addresses are all this machine's, and each is a source of its own.
const VISITOR: &str = "127.77.0.1";
const STRANGER: &str = "127.77.0.66";

/// Tells all of it. Fails at the first thing that is not as promised.
pub(crate) fn tell(edge: &Edge, tell: &Tell) -> Result<()> {
    let mut people = People::arrive(edge)?;
    people.ask(tell)?;
    people.knock(edge, tell)?;
    people.scan(edge, tell)?;
    people.mistake(edge, tell)?;
    people.forge(tell)?;
    let flagged = if scan_with_nmap(edge, tell)? { 2 } else { 1 };
    look_behind(edge, tell, flagged)
}

/// Everybody keeps one connection to the service.
struct People {
    visitor: Http1,
    stranger: Http1,
}

impl People {
    fn arrive(edge: &Edge) -> Result<Self> {
        Ok(Self {
            visitor: source(VISITOR)?.http1(edge.service())?,
            stranger: source(STRANGER)?.http1(edge.service())?,
        })
    }

    fn ask(&mut self, tell: &Tell) -> Result<()> {
        tell.step(1, "Two clients use the service, as clients do.");
        tell.act(
            "visitor",
            &format!("{VISITOR} asks for http://shop.example/"),
        );
        let visitor = tag(&self.visitor.send(&visitor())?)?;
        tell.saw(visitor.as_deref());
        tell.act("stranger", &format!("{STRANGER} asks for no name"));
        let stranger = tag(&self.stranger.send(&stranger())?)?;
        tell.saw(stranger.as_deref());
        ensure!(
            visitor.is_none() && stranger.is_none(),
            "a clean client was tagged"
        );
        Ok(())
    }

    fn knock(&mut self, edge: &Edge, tell: &Tell) -> Result<()> {
        tell.step(2, "The stranger tries one door where nobody has business.");
        let (port, name) = DECOYS[1];
        let decoy = edge.envoy.addr(port);
        tell.act(
            "stranger",
            &format!("connects to {decoy} ({name}), says nothing, hangs up"),
        );
        source(STRANGER)?.touch(decoy)?;
        edge.wait_for("evidence_total.kind.silent", 1)?;
        let seen = self.wait_for_tag(edge, "ports=1,")?;
        tell.act(
            "stranger",
            "asks again, on the connection that was clean a moment ago",
        );
        tell.saw(Some(&seen));
        ensure!(
            seen.starts_with("kind=probe, "),
            "one door is no probe: {seen}"
        );
        ensure!(
            seen.contains(", tags=(decoy silent), "),
            "other evidence: {seen}"
        );
        Ok(())
    }

    fn scan(&mut self, edge: &Edge, tell: &Tell) -> Result<()> {
        tell.step(3, "The stranger tries all of them.");
        let mut doors = edge.decoys();
        doors.push(edge.service());
        tell.act("stranger", &format!("scans {} ports", doors.len()));
        let open = scan::connect_scan(&source(STRANGER)?, &doors);
        ensure!(
            open == doors.len(),
            "only {open} of {} ports are open",
            doors.len()
        );
        // Silence at the service counts too, once the source is suspicious.
        let seen = self.wait_for_tag(edge, &format!("ports={},", doors.len()))?;
        tell.act("stranger", "asks again");
        tell.saw(Some(&seen));
        ensure!(
            seen.starts_with("kind=vertical, "),
            "not a vertical scan: {seen}"
        );
        ensure!(seen.contains("class=malicious"), "not malicious: {seen}");
        Ok(())
    }

    fn mistake(&mut self, edge: &Edge, tell: &Tell) -> Result<()> {
        tell.step(
            4,
            "The visitor mistypes a port, once. Who is served here may err.",
        );
        let (port, name) = DECOYS[3];
        let decoy = edge.envoy.addr(port);
        tell.act(
            "visitor",
            &format!("connects to {decoy} ({name}), hangs up"),
        );
        source(VISITOR)?.touch(decoy)?;
        // One by the stranger, then all of them, then this one.
        edge.wait_for("connections_total.listener.decoy", DECOYS.len() as u64 + 2)?;
        tell.act("visitor", "asks again");
        let seen = tag(&self.visitor.send(&visitor())?)?;
        tell.saw(seen.as_deref());
        ensure!(seen.is_none(), "the visitor was tagged for one mistake");
        Ok(())
    }

    fn forge(&mut self, tell: &Tell) -> Result<()> {
        tell.step(5, "Both try to write the header themselves.");
        tell.act(
            "visitor",
            "sends X-PortScan: kind=block, risk=100 and x_portscan: 1",
        );
        let forged = visitor()
            .header("X-PortScan", "kind=block, risk=100")
            .header("x_portscan", "1");
        let visitor = tag(&self.visitor.send(&forged)?)?;
        tell.saw(visitor.as_deref());
        tell.act("stranger", "sends X-PortScan: class=benign, risk=0");
        let forged = stranger().header("X-PortScan", "class=benign, risk=0");
        let stranger = tag(&self.stranger.send(&forged)?)?;
        tell.saw(stranger.as_deref());
        ensure!(visitor.is_none(), "the visitor has framed himself");
        let stranger = stranger.context("the stranger has cleared himself")?;
        ensure!(
            stranger.starts_with("kind=vertical, "),
            "a forged value: {stranger}"
        );
        Ok(())
    }

    /// Waits until the stranger's connection carries a tag with `part`; workers other than the
    /// one that saw the contact learn of it within a second.
    fn wait_for_tag(&mut self, edge: &Edge, part: &str) -> Result<String> {
        let mut last = None;
        let found = edge.wait("the tag", || {
            let answer = self.stranger.send(&stranger());
            let seen = answer.and_then(|answer| tag(&answer));
            last = Some(format!("{seen:?}"));
            seen.ok().flatten().filter(|seen| seen.contains(part))
        });
        found.with_context(|| format!("expected {part} and saw {}", last.unwrap_or_default()))
    }
}

/// Whether there was an nmap to do it.
fn scan_with_nmap(edge: &Edge, tell: &Tell) -> Result<bool> {
    tell.step(6, "nmap, a real scanner, does the same.");
    if !edge.has_ipv6 {
        tell.act(
            "skipped",
            "nmap would need ::1 here, to have an address of its own",
        );
        return Ok(false);
    }
    let ports = DECOYS.map(|(port, _)| edge.envoy.port(port));
    let Some(open) = scan::nmap(&ports)? else {
        tell.act("skipped", "nmap is not installed");
        return Ok(false);
    };
    ensure!(
        open == ports.len(),
        "nmap found {open} of {} ports open",
        ports.len()
    );
    tell.act(
        "nmap",
        &format!("nmap -6 -sT ::1: {open} of {} ports open", ports.len()),
    );
    let service = edge.envoy.addr_at(std::net::Ipv6Addr::LOCALHOST, 10_000);
    let wanted = format!("ports={open},");
    let seen = edge.wait("nmap's tag", || {
        let answer = Source::loopback_v6().send(service, &stranger());
        let seen = answer.and_then(|answer| tag(&answer)).ok().flatten();
        seen.filter(|seen| seen.contains(&wanted))
    })?;
    tell.act("::1", "asks for no name");
    tell.saw(Some(&seen));
    ensure!(
        seen.starts_with("kind=vertical, "),
        "not a vertical scan: {seen}"
    );
    Ok(true)
}

/// The same events as the operator of an edge sees them, where `flagged` sources are flagged.
fn look_behind(edge: &Edge, tell: &Tell, flagged: u64) -> Result<()> {
    tell.step(7, "What the operator has of it.");
    tell.line("   Envoy's log, one line for each new verdict:");
    let line = edge.log_line(&format!("portscan: {STRANGER} flagged"))?;
    // Envoy puts time, level and the filter's name in front.
    let from = line.rfind("portscan: ").unwrap_or(0);
    tell.quote(&line[from..]);
    tell.line("   The access log, for decoys and requests alike:");
    let (port, _) = DECOYS[1];
    let contact = format!(":{}\"", edge.envoy.port(port));
    tell.quote(&edge.access_log_line(&contact)?);
    tell.line("   Metrics, at /stats/prometheus of the admin interface:");
    edge.wait_for("sources_flagged", flagged)?;
    let metrics = edge.envoy.prometheus()?;
    for name in SHOWN {
        let line = metrics.lines().find(|line| line.starts_with(name));
        tell.quote(line.with_context(|| format!("there is no metric {name}"))?);
    }
    Ok(())
}

const SHOWN: [&str; 5] = [
    "portscan_connections_total{listener=\"decoy\"}",
    "portscan_connections_total{listener=\"real\"}",
    "portscan_evidence_total{kind=\"decoy\"}",
    "portscan_verdicts_total{kind=\"probe\"}",
    "portscan_sources_flagged",
];

/// What to do next.
pub(crate) fn go_on(tell: &Tell) {
    tell.line("");
    tell.line("All as promised. Go on with:");
    tell.line("   ./justw demo --stay     the same edge, left running for you to try");
    tell.line("   envoy/README.md         put it in front of your service");
    tell.line("   examples/               services that act on the header");
}

/// What to try while Envoy keeps running.
pub(crate) fn invite(edge: &Edge, tell: &Tell) {
    let (service, admin) = (edge.service(), edge.envoy.admin_addr());
    let decoy = edge.envoy.addr(DECOYS[0].0);
    tell.line("");
    tell.line("All as promised. Envoy keeps running, until Ctrl-C. Try:");
    tell.line(&format!(
        "   curl http://{service}/             you are clean"
    ));
    tell.line(&format!(
        "   curl http://{decoy}/             a decoy: it hangs up"
    ));
    tell.line(&format!("   curl http://{service}/"));
    tell.line(&format!(
        "   curl -s http://{admin}/stats/prometheus | grep ^portscan_"
    ));
}

/// A request that asks for a name, as people do: being served earns good standing.
fn visitor() -> Request {
    Request::get("/").authority("shop.example")
}

/// A request for a host that is no name, so that being served earns no standing.
fn stranger() -> Request {
    Request::get("/").authority("1")
}

fn source(ip: &str) -> Result<Source> {
    Ok(Source::ip(ip.parse::<std::net::IpAddr>()?))
}
