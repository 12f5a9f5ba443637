//! Guests that count their ticks in shared data, raced.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::{Explorer, Piece, Race, RaceError, Schedule};
use crate::abi::HostCall;
use crate::config::{Bootstrap, Code, Plugin, Service};
use crate::guest::Engine;
use crate::shared::lock;
use crate::trace::{TraceEvent, Value};
use crate::{Host, Worker};

/// How a guest writes back what it has read and counted.
struct Guest {
    /// The number of the first write.
    absent: &'static str,
    /// The number of each write; that of the value that was read lies at 24.
    cas: &'static str,
    /// What else it does at a tick.
    extra: &'static str,
}

const NAIVE: Guest = Guest {
    absent: "0",
    cas: "(i32.const 0)",
    extra: "",
};
const NAIVE_AT_FIRST: Guest = Guest {
    cas: "(i32.load (i32.const 24))",
    ..NAIVE
};
const RIGHT: Guest = Guest {
    absent: "-1",
    ..NAIVE_AT_FIRST
};
/// Each tick of a VM counts under a key of its own number.
const MOVING: Guest = Guest {
    extra: "(i32.store8 (i32.const 5) (i32.add (i32.load8_u (i32.const 5)) (i32.const 1)))",
    ..RIGHT
};

impl Guest {
    fn wat(&self) -> String {
        let Self { absent, cas, extra } = self;
        format!(
            r#"(module
              (import "env" "proxy_get_shared_data"
                (func $get (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_set_shared_data"
                (func $set (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_set_tick_period_milliseconds"
                (func $period (param i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "ticks0")
              (func (export "proxy_abi_version_0_2_1"))
              (func (export "malloc") (param i32) (result i32) (i32.const 100))
              (func (export "proxy_on_configure") (param i32 i32) (result i32)
                (drop (call $period (i32.const 1))) (i32.const 1))
              (func (export "proxy_on_tick") (param i32)
                {extra}
                (loop $again
                  (i32.store8 (i32.const 100) (i32.const 0))
                  (i32.store (i32.const 24) (i32.const {absent}))
                  (drop (call $get
                    (i32.const 0) (i32.const 6) (i32.const 16) (i32.const 20) (i32.const 24)))
                  (i32.store8 (i32.const 100)
                    (i32.add (i32.load8_u (i32.const 100)) (i32.const 1)))
                  (br_if $again (i32.eq (i32.const 8) (call $set
                    (i32.const 0) (i32.const 6) (i32.const 100) (i32.const 1) {cas}))))))"#
        )
    }

    fn host(&self, workers: usize, engine: &Engine) -> anyhow::Result<Host> {
        let code = Code::Inline(self.wat().into_bytes().into());
        let bootstrap = Bootstrap {
            services: vec![Service {
                plugin: Plugin::new("counter", code),
                singleton: false,
            }],
            ..Bootstrap::default()
        };
        let builder = Host::builder(bootstrap).workers(workers);
        Ok(builder.engine(engine).build()?)
    }
}

fn value(host: &Host, key: &str) -> u8 {
    let value = host.shared().data.get("", key.as_bytes());
    value.map_or(0, |value| value.bytes[0])
}

fn tick(worker: &mut Worker) -> anyhow::Result<()> {
    worker.tick();
    Ok(())
}

/// Every worker ticks so often; then all ticks must have been counted.
fn count_ticks(
    guest: &'static Guest,
    ticks: &'static [u8],
) -> impl Fn(&Race) -> anyhow::Result<()> {
    let engine = Engine::new().unwrap();
    move |race| {
        let mut host = guest.host(ticks.len(), &engine)?;
        let pieces = ticks.iter().enumerate().map(|(worker, ticks)| {
            Piece::on(worker, |worker| {
                (0..*ticks).for_each(|_| worker.tick());
                Ok(())
            })
        });
        race.together(&mut host, pieces)?;
        let ticked: u8 = ticks.iter().sum();
        let counted = value(&host, "ticks0");
        anyhow::ensure!(counted == ticked, "{counted} of {ticked} ticks are counted");
        Ok(())
    }
}

fn explorer() -> Explorer {
    Explorer::new().at([HostCall::GetSharedData, HostCall::SetSharedData])
}

#[test]
fn a_lost_update_is_found_and_replayed() {
    let execution = count_ticks(&NAIVE, &[1, 1]);
    let report = explorer().explore(&execution).unwrap();
    let failure = report.failure.unwrap();
    assert_eq!(failure.reason, "1 of 2 ticks are counted");
    assert_eq!(failure.schedule.to_string(), "001");
    let replayed = explorer().replay(&failure.schedule, &execution).unwrap();
    assert_eq!(replayed.reason, Some(failure.reason));
    assert_eq!(replayed.trace, failure.trace);
    let right = Schedule::Choices(vec![0, 0, 0]);
    let replayed = explorer().replay(&right, &execution).unwrap();
    assert_eq!(replayed.reason, None);
}

#[test]
fn the_trace_has_a_column_for_each_worker() {
    let execution = count_ticks(&NAIVE, &[1, 1]);
    let schedule = "001".parse().unwrap();
    let replayed = explorer().replay(&schedule, &execution).unwrap();
    let expected = "\
worker 0                                        worker 1
proxy_on_tick(1)
  proxy_get_shared_data key=\"ticks0\" -> 1 NotFound
                                                proxy_on_tick(1)
                                                  proxy_get_shared_data key=\"ticks0\" -> 1 NotFound
                                                  proxy_set_shared_data key=\"ticks0\" value=\"\\u{1}\" cas=0 -> 0 Ok
                                                proxy_on_tick returned
  proxy_set_shared_data key=\"ticks0\" value=\"\\u{1}\" cas=0 -> 0 Ok
proxy_on_tick returned
";
    assert_eq!(replayed.trace, expected);
}

#[test]
fn an_unconditional_first_write_is_found() {
    let execution = count_ticks(&NAIVE_AT_FIRST, &[1, 1]);
    assert!(explorer().explore(execution).unwrap().failure.is_some());
}

#[test]
fn what_is_right_is_right_in_every_schedule() {
    let report = explorer()
        .depth(30)
        .explore(count_ticks(&RIGHT, &[1, 1]))
        .unwrap();
    assert_eq!(report.failure, None, "{report}");
    assert!(report.is_complete);
    // Begin, get and set in each; who has to try again is alone by then.
    assert_eq!(report.executions, 20, "6! / (3! · 3!)");
}

#[test]
fn what_commutes_is_tried_once() {
    let run = |explorer: Explorer| {
        let engine = Engine::new().unwrap();
        explorer.depth(30).explore(move |race| {
            let mut host = MOVING.host(2, &engine)?;
            // From now on each counts under another key.
            host.workers_mut()[0].tick();
            let pieces = (0..2).map(|worker| Piece::on(worker, tick));
            race.together(&mut host, pieces)?;
            anyhow::ensure!(value(&host, "ticks1") == 2 || value(&host, "ticks2") == 1);
            Ok(())
        })
    };
    let all = run(explorer()).unwrap();
    assert_eq!((all.executions, all.redundant), (20, 0), "6! / (3! · 3!)");
    let reduced = run(explorer().reduced()).unwrap();
    assert_eq!(reduced.executions - reduced.redundant, 1, "{reduced}");
    assert!(all.is_complete && reduced.is_complete);
}

#[test]
fn a_reduced_search_finds_the_same_results() {
    let results = |explorer: Explorer| {
        let engine = Engine::new().unwrap();
        let found = Mutex::new(BTreeSet::new());
        let report = explorer.depth(30).explore(|race| {
            let mut host = NAIVE.host(3, &engine)?;
            let pieces = (0..3).map(|worker| Piece::on(worker, tick));
            race.together(&mut host, pieces)?;
            lock(&found).insert(value(&host, "ticks0"));
            Ok(())
        });
        (report.unwrap(), lock(&found).clone())
    };
    let (all, found) = results(explorer());
    assert_eq!(found, BTreeSet::from([1, 2, 3]));
    assert_eq!(all.executions, 1680, "9! / (3! · 3! · 3!)");
    let (reduced, found) = results(explorer().reduced());
    assert_eq!(found, BTreeSet::from([1, 2, 3]));
    assert!(reduced.executions < all.executions / 10, "{reduced}");
}

#[test]
fn chance_finds_what_lies_beyond_the_depth() {
    let execution = count_ticks(&NAIVE, &[4, 4]);
    let report = explorer().depth(0).explore(&execution).unwrap();
    assert_eq!((report.executions, report.is_complete), (1, false));
    assert_eq!(report.failure, None);
    let report = explorer()
        .depth(0)
        .random(50, 7)
        .explore(&execution)
        .unwrap();
    let schedule = report.failure.unwrap().schedule;
    assert!(matches!(schedule, Schedule::Seed(7..57)), "{schedule}");
}

#[test]
fn the_same_seed_does_the_same() {
    let execution = count_ticks(&RIGHT, &[3, 3, 3]);
    let run = |seed| {
        let replayed = explorer().replay(&Schedule::Seed(seed), &execution);
        replayed.unwrap().trace
    };
    let traces: BTreeSet<String> = (0..20).map(run).collect();
    assert!(traces.len() > 15, "other seeds do other things");
    for seed in 0..20 {
        assert!(traces.contains(&run(seed)), "{seed}");
    }
}

#[test]
fn only_keys_that_are_asked_for_are_points() {
    let execution = count_ticks(&NAIVE, &[1, 1]);
    let elsewhere = explorer().keys(["other*", "tick"]);
    let report = elsewhere.explore(&execution).unwrap();
    assert_eq!(
        (report.executions, report.points, report.is_complete),
        (2, 0, true)
    );
    let report = explorer().keys(["t*0"]).explore(&execution).unwrap();
    assert!(report.failure.is_some());
}

#[test]
fn the_schedule_goes_on_over_several_races() {
    let engine = Engine::new().unwrap();
    let execution = |race: &Race| {
        let mut host = RIGHT.host(2, &engine)?;
        for _ in 0..2 {
            let pieces = (0..2).map(|worker| Piece::on(worker, tick));
            race.together(&mut host, pieces)?;
        }
        let order: Vec<u64> = writes(&host);
        anyhow::ensure!(order.len() < 6, "two conflicts");
        Ok(())
    };
    // The numbers that were written with, refused or not.
    fn writes(host: &Host) -> Vec<u64> {
        let entries = host.shared().trace.since(0).into_iter();
        let cas = |entry: crate::trace::TraceEntry| match entry.event {
            TraceEvent::HostCall {
                call: HostCall::SetSharedData,
                values,
                ..
            } => match values.last() {
                Some((_, Value::Number(cas))) => Some(*cas),
                _ => None,
            },
            _ => None,
        };
        entries.filter_map(cas).collect()
    }
    // A conflict in the first race and one in the second.
    let schedule = "00111001".parse().unwrap();
    let replayed = explorer().replay(&schedule, execution).unwrap();
    assert_eq!(replayed.reason.as_deref(), Some("two conflicts"));
}

#[test]
fn a_schedule_of_something_else_does_not_fit() {
    let execution = count_ticks(&NAIVE, &[1, 1]);
    for (schedule, reason) in [
        ("2", "choice 1 is worker 2, but only [0, 1] can go on"),
        ("0000", "1 choices are left over"),
    ] {
        let schedule = schedule.parse().unwrap();
        let error = explorer().replay(&schedule, &execution).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_set_up_that_changes_is_told() {
    let engine = Engine::new().unwrap();
    let mut executions = 0;
    let error = explorer()
        .explore(|race| {
            executions += 1;
            let mut host = NAIVE.host(3, &engine)?;
            let workers = 0..2 + executions % 2;
            race.together(&mut host, workers.map(|worker| Piece::on(worker, tick)))
        })
        .unwrap_err();
    assert!(
        matches!(error, RaceError::NotDeterministic { .. }),
        "{error}"
    );
}

#[test]
fn a_panic_and_an_error_fail_the_schedule() {
    let engine = Engine::new().unwrap();
    let execution = |ends: fn() -> anyhow::Result<()>| {
        let engine = engine.clone();
        move |race: &Race| {
            let mut host = NAIVE.host(2, &engine)?;
            let end = Piece::on(1, move |worker| {
                worker.tick();
                ends()
            });
            race.together(&mut host, [Piece::on(0, tick), end])
        }
    };
    let panics = execution(|| panic!("the piece is broken"));
    let failure = explorer().explore(panics).unwrap().failure.unwrap();
    assert_eq!(failure.reason, "panic: the piece is broken");
    let fails = execution(|| anyhow::bail!("no"));
    let failure = explorer().explore(fails).unwrap().failure.unwrap();
    assert_eq!(failure.reason, "worker 1: no");
    assert_eq!(failure.schedule.to_string(), "-");
}

#[test]
fn a_piece_without_end_is_ended() {
    const SPINNING: Guest = Guest {
        // Every write is refused, and tried again.
        absent: "-1",
        cas: "(i32.const -1)",
        extra: "",
    };
    let engine = Engine::new().unwrap();
    let report = explorer().depth(2).explore(|race| {
        let mut host = SPINNING.host(2, &engine)?;
        host.workers_mut()[0].tick();
        race.together(&mut host, (0..2).map(|worker| Piece::on(worker, tick)))
    });
    let failure = report.unwrap().failure.unwrap();
    assert!(
        failure.reason.contains("too many points"),
        "{}",
        failure.reason
    );
}

#[test]
fn a_trap_ends_its_piece_and_the_other_goes_on() {
    const TRAPPING: Guest = Guest {
        // Whoever finds two ticks counted.
        extra: r#"(drop (call $get
            (i32.const 0) (i32.const 6) (i32.const 16) (i32.const 20) (i32.const 24)))
          (if (i32.eq (i32.const 2) (i32.load8_u (i32.const 100))) (then unreachable))"#,
        ..RIGHT
    };
    let engine = Engine::new().unwrap();
    let traps = Mutex::new(BTreeSet::new());
    let report = explorer().depth(6).explore(|race| {
        let mut host = TRAPPING.host(2, &engine)?;
        host.workers_mut()[0].tick();
        race.together(&mut host, (0..2).map(|worker| Piece::on(worker, tick)))?;
        let trapped = host.shared().traps.since(0).len();
        anyhow::ensure!(usize::from(value(&host, "ticks0")) + trapped == 3);
        lock(&traps).insert(trapped);
        Ok(())
    });
    let report = report.unwrap();
    assert_eq!(report.failure, None, "{report}");
    assert_eq!(*lock(&traps), BTreeSet::from([0, 1]));
}

#[test]
fn a_worker_has_one_piece() {
    let engine = Engine::new().unwrap();
    for (pieces, reason) in [([0, 0], "worker 0 has two pieces"), ([0, 5], "no worker 5")] {
        let report = explorer().explore(|race| {
            let mut host = NAIVE.host(2, &engine)?;
            race.together(&mut host, pieces.map(|worker| Piece::on(worker, tick)))
        });
        let failure = report.unwrap().failure.unwrap();
        assert!(failure.reason.contains(reason), "{}", failure.reason);
    }
}

#[test]
fn workers_can_be_moved_to_threads() {
    fn is_send<T: Send>() {}
    is_send::<&mut Worker>();
    is_send::<Arc<crate::shared::Shared>>();
}
