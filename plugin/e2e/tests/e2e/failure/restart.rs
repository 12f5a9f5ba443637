//! An edge that is killed and started again.

use real_envoy::{Result, http::Source};

use crate::{
    edge::{Edge, knock},
    sound::assert_sound,
    words::Words,
};

#[test]
fn after_a_kill_the_edge_works_again_and_the_verdicts_are_gone() -> Result<()> {
    let mut edge = Edge::start("edge.yaml")?;
    let port = edge.envoy.port(10_000);
    let source = Source::loopback(68, 1, 1);
    knock(&source, edge.decoy(0))?;
    knock(&source, edge.decoy(1))?;
    assert_eq!(Words::of(&edge.wait_for_tag(&source)?).ports, 2);
    edge.envoy.kill9();
    assert!(edge.tag(&source).is_err());

    // The same service port, as after a real restart; nothing of the dead process is in the way.
    let again = Edge::start_with("edge.yaml", |builder| builder.map_port(10_000, port))?;
    assert_eq!(again.tag(&source)?, None);
    knock(&source, again.decoy(0))?;
    let words = Words::of(&again.wait_for_tag(&source)?);
    assert_eq!((words.kind.as_str(), words.ports), ("probe", 1));
    assert_sound(&again.envoy);
    Ok(())
}
