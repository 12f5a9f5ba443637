//! The start of a real Envoy for a case.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use real_envoy::envoy::StartFailed;
use real_envoy::{Envoy, Scratch};

use super::endings::Endings;
use super::log::{FORMAT, Lines, Log};
use super::neighbour::Neighbour;
use super::redirect;
use super::requests::Requests;
use super::setup::{Additions, Prepared, prepare};
use super::upstream::Upstreams;
use super::{RealWorld, failure};
use crate::scenario::{Action, Case, Check, FIRST_PORT, Obstacle, Placed};

impl RealWorld {
    /// Starts the Envoy at `program` with the configuration of a case. `filter_state` names what
    /// [`RealWorld::final_state`] shows.
    ///
    /// Must be called in a namespace of its own ([`real_envoy::netns::isolated`]): ports and
    /// addresses are those of the scenario.
    ///
    /// # Errors
    ///
    /// When the configuration is refused, or Envoy cannot be started.
    pub fn start(case: &Case, program: &Path, filter_state: &[String]) -> Result<Self, Obstacle> {
        let scratch = Scratch::new().map_err(failure)?;
        let Needs { vm_ids, updates } = needs(case)?;
        let neighbours: Vec<_> = (0..)
            .zip(&vm_ids)
            .map(|(index, id)| Neighbour::new(id, index))
            .collect();
        let additions = Additions {
            endings: scratch.path("endings"),
            filter_state: filter_state.to_vec(),
            listeners: neighbours
                .iter()
                .map(Neighbour::listener)
                .collect::<Result<_, _>>()?,
            watched: updates.then(|| scratch.path("listeners.json")),
        };
        let Prepared {
            text,
            listeners,
            rest,
            upstreams,
        } = prepare(&case.setup, &additions)?;
        if updates {
            scratch
                .write("listeners.json", &listeners)
                .map_err(failure)?;
        }
        redirect::load(&case.setup.bootstrap)?;
        let mut servers = Upstreams::default();
        for (address, is_raw) in upstreams {
            servers.listen(address, is_raw)?;
        }
        let workers = u16::try_from(case.workers).unwrap_or(u16::MAX);
        let mut builder = Envoy::configured(text);
        if updates && case.setup.bootstrap.node.id.is_empty() {
            // Envoy watches nothing without a name.
            for argument in [
                "--service-node",
                "host-test",
                "--service-cluster",
                "host-test",
            ] {
                builder = builder.arg(argument);
            }
        }
        let started = builder
            .folder(absolute(&case.setup.folder))
            .envoy_binary(absolute(program))
            .keep_ports()
            .concurrency(workers)
            .arg("--log-format")
            .arg(FORMAT)
            .virtual_time(case.start.0)
            .start();
        let envoy = started.map_err(|error| refused(&error))?;
        let mut world = Self {
            log: Log::of_process(envoy.pid()),
            envoy,
            bootstrap: Arc::clone(&case.setup.bootstrap),
            clients: BTreeMap::new(),
            requests: Requests::default(),
            upstreams: servers,
            neighbours,
            access_log: Lines::default(),
            endings: Endings::default(),
            ending_lines: Lines::default(),
            additions,
            rest,
            next_port: FIRST_PORT,
            wall_nanos: case.start.0,
            scratch,
        };
        world.settle()?;
        Ok(world)
    }
}

fn absolute(path: &Path) -> std::path::PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn refused(error: &anyhow::Error) -> Obstacle {
    let Some(failed) = error.downcast_ref::<StartFailed>() else {
        return Obstacle::Failure(format!("{error:#}"));
    };
    let mut log = Log::default();
    log.take(failed.log.as_bytes());
    let reason = match log.problems.as_slice() {
        [] => failed.to_string(),
        problems => problems.join(" | "),
    };
    // What follows names files of ours.
    let reason = reason
        .split("` initializing config")
        .next()
        .unwrap_or_default();
    let lines: Vec<&str> = reason.lines().map(str::trim).collect();
    Obstacle::Refused {
        reason: lines.join(" "),
        log: log.lines.into_iter().map(|line| line.text).collect(),
    }
}

/// What a case needs beside its configuration.
#[derive(Debug, Default)]
struct Needs {
    /// VM ids whose shared data it speaks of.
    vm_ids: BTreeSet<String>,
    /// It changes the configuration.
    updates: bool,
}

fn needs(case: &Case) -> Result<Needs, Obstacle> {
    let mut needs = Needs::default();
    let mut ids = BTreeSet::new();
    let mut steps = 0;
    let walked = case.each_step(&mut |step| {
        steps += 1;
        needs.updates |= matches!(step.action, Action::Update(..));
        shared_data_of(&step, &mut ids);
        // What stands behind very many steps is in a repetition of the same.
        match steps < STEPS_MAX {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    let _ = walked.map_err(|error| Obstacle::Mistake(error.reason().to_owned()))?;
    for id in ids {
        needs.vm_ids.insert(match id {
            Some(id) => id,
            None => only_vm_id(&case.setup.bootstrap)?,
        });
    }
    Ok(needs)
}

const STEPS_MAX: usize = 1_000_000;

fn shared_data_of(step: &Placed, ids: &mut BTreeSet<Option<String>>) {
    match &step.action {
        Action::SetSharedData { vm_id, .. } => {
            ids.insert(vm_id.clone());
        }
        Action::Together(lists) => {
            for step in lists.iter().flatten() {
                shared_data_of(step, ids);
            }
        }
        _ => {}
    }
    for expectation in &step.expectations {
        if let Check::SharedData(check) = &expectation.check {
            ids.insert(check.vm_id.clone());
        }
    }
}

/// The only VM id of a configuration, where a step names none.
pub(super) fn only_vm_id(bootstrap: &crate::config::Bootstrap) -> Result<String, Obstacle> {
    let ids: BTreeSet<&str> = bootstrap
        .plugins()
        .map(|plugin| plugin.vm.vm_id.as_str())
        .collect();
    let mut ids = ids.into_iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id.to_owned()),
        _ => Err(Obstacle::Mistake(
            "expected a vm_id, since there is not just one".to_owned(),
        )),
    }
}
