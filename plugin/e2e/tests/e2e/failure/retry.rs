//! A source that is turned away and keeps coming: only what it does counts, not that it comes.

use std::time::Duration;

use real_envoy::{
    Result, eventually,
    http::{Http1, Source, read_until_close},
};

use crate::{
    edge::{Edge, PATIENCE, stranger, tag},
    sound::assert_sound,
};

/// The edge hangs up before a blocked client can say anything: that is no silence of its own.
#[test]
fn a_blocked_source_that_keeps_retrying_is_served_again_when_its_verdict_ends() -> Result<()> {
    let edge = Edge::start_with("block.yaml", |builder| {
        builder.concurrency(1).replace(
            r#""block_risk": 80"#,
            r#""block_risk": 40, "verdict_ttl_secs": 3"#,
        )
    })?;
    let source = Source::loopback(86, 1, 1);
    let mut decoy = source.connect(edge.decoy(0))?;
    assert_eq!(read_until_close(&mut decoy, PATIENCE)?, b"");
    edge.logged(decoy.local_addr()?)?;
    let silences = edge.counted("evidence_total.kind.silent")?;
    let connections = edge.metric("connections_total.listener.real")?;

    let mut refused = 0;
    let stream = eventually("a connection that stays open", PATIENCE, || {
        let mut stream = source.connect(edge.service()).ok()?;
        if read_until_close(&mut stream, Duration::from_millis(100)).is_err() {
            return Some(stream);
        }
        refused += 1;
        None
    })?;
    assert!(refused > 0, "it was never turned away");
    assert_eq!(tag(&Http1::over(stream)?.send(&stranger())?)?, None);
    assert_eq!(edge.counted("evidence_total.kind.silent")?, silences);
    let more = edge.metric("connections_total.listener.real")? - connections;
    assert!(more > refused, "{more} connections, {refused} refused");
    assert_sound(&edge.envoy);
    Ok(())
}
