//! Faults in host calls of the module, in the harness: some of those of `./justw faults`.

use host_test::{
    abi::{HostCall, Status},
    fault::{Bounds, Fault, inject, plan},
    guest::Engine,
    hook::Injection,
    scenario::{Scenario, Tracing},
};
use real_envoy::{Result, workspace_root};

/// Every so many of the faults is injected, from another one on in each case.
const STRIDE: usize = 29;

#[test]
fn no_fault_makes_a_wrong_verdict_a_trap_or_a_hang() -> Result<()> {
    let engine = Engine::cached()?;
    let file = workspace_root().join("plugin/scenarios/fault/detector.yaml");
    let (mut injected, mut wrong) = (0, String::new());
    for (number, case) in Scenario::read(&file)?.cases.iter().enumerate() {
        let baseline = plan(case, &engine, Bounds::default())?;
        for (index, fault) in baseline.faults.iter().enumerate() {
            if index % STRIDE != number && !is_treacherous(fault) {
                continue;
            }
            let run = inject(case, &engine, &baseline, fault, Tracing::Off)?;
            injected += 1;
            for violation in run.violations {
                wrong += &format!("{}: {fault}: {}\n", case.name, violation.reason);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(injected >= 500, "{injected} faults");
    Ok(())
}

/// A success without its result, or with a part of it: what came of these was wrong once.
fn is_treacherous(fault: &Fault) -> bool {
    match fault.injection {
        Injection::Status(Status::Ok) => fault.call == HostCall::GetCurrentTime,
        Injection::Halve | Injection::Truncate(_) => fault.call == HostCall::GetProperty,
        _ => false,
    }
}
