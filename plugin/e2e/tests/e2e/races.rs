//! Races of workers over the table of the module, in the harness: those of `./justw races`, without
//! what differs only in the order of what commutes, and none by chance.

use std::fs;

use host_test::{
    guest::Engine,
    scenario::{Scenario, race_in_harness},
};
use real_envoy::{Result, workspace_root};

#[test]
fn no_order_of_workers_loses_a_contact_or_judges_twice() -> Result<()> {
    let engine = Engine::cached()?;
    let mut races = 0;
    for file in fs::read_dir(workspace_root().join("plugin/scenarios/race"))? {
        let file = file?.path();
        for case in Scenario::read(&file)?.cases {
            let explorer = case.race.clone().reduced().random(0, 0);
            let report = race_in_harness(&case, &explorer, &engine)?;
            let title = format!("{}: {}", file.display(), case.name);
            assert_eq!(report.failure, None, "{title}: {report}");
            assert!(report.executions > 1, "{title}: {report}");
            races += 1;
        }
    }
    assert!(races >= 5, "{races} races");
    Ok(())
}
