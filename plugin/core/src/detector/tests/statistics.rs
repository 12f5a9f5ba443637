//! What of contacts goes into the statistics.

use super::*;
use crate::stats::timeline::{self, Counts, Step};
use crate::stats::top::{TopPort, top};

impl World {
    fn note_statistics(&mut self) {
        for worker in &mut self.workers {
            worker.note_statistics(&mut self.store, self.now);
        }
    }

    fn ports(&mut self) -> Vec<(u16, u32, u32)> {
        let ports = top(&mut self.store, &mut Counters::default(), 99, self.now);
        let shown = |port: TopPort| (port.port, port.sources, port.hits);
        ports.into_iter().map(shown).collect()
    }

    fn last_minute(&mut self) -> Counts {
        let (store, counters) = (&mut self.store, &mut Counters::default());
        let points = timeline::read(store, counters, Step::Minute, self.now);
        points.last().copied().unwrap()
    }
}

#[test]
fn contacts_with_decoys_and_of_flagged_sources_are_counted_by_port() {
    let mut world = World::with_workers(r#"{ "trusted": ["203.0.113.9"] }"#, 2);
    world.request("203.0.113.1");
    world.knock("203.0.113.9", 23);
    for peer in ["203.0.113.2", "203.0.113.3", "203.0.113.3"] {
        world.knock(peer, 23);
    }
    world.on(1, "203.0.113.4", 23, true).close();
    world.request("203.0.113.3");
    world.note_statistics();
    assert_eq!(world.ports(), [(23, 3, 4), (443, 1, 1)]);
}

#[test]
fn connections_and_verdicts_make_the_time_line() {
    let mut world = World::new("{}");
    for peer in ["203.0.113.1", "203.0.113.2"] {
        world.request("203.0.113.7");
        world.knock(peer, 23);
        world.knock(peer, 22);
    }
    world.note_statistics();
    let verdicts = [2, 0, 0, 0, 0];
    let expected = Counts {
        contacts: 6,
        verdicts,
    };
    assert_eq!(world.last_minute(), expected);
    world.note_statistics();
    assert_eq!(world.last_minute(), expected);
}

#[test]
fn a_worker_that_dies_takes_one_tick_with_it() {
    let mut world = World::new("{}");
    world.knock("203.0.113.1", 23);
    world.note_statistics();
    world.knock("203.0.113.1", 23);
    world.workers = World::new("{}").workers;
    world.tick();
    world.knock("203.0.113.2", 23);
    world.note_statistics();
    assert_eq!(world.ports(), [(23, 2, 2)]);
    assert_eq!(world.last_minute().contacts, 2);
}

#[test]
fn ports_that_one_source_goes_on_to_are_not_brought_up() {
    let mut world = World::new("{}");
    for port in 1..=1_000 {
        world.knock("203.0.113.1", port);
        world.note_statistics();
    }
    let brought_up = world.ports().len();
    // The count of ports that a slot keeps is an estimate.
    assert!((12..=20).contains(&brought_up), "{brought_up}");
    world.knock("203.0.113.2", 1_000);
    world.note_statistics();
    assert!(world.ports().contains(&(1_000, 1, 1)));
}
