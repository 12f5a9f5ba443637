//! `host-test race`: tries the interleavings of steps that are done at the same time.

use std::path::{Path, PathBuf};

use clap::Args;
use host_test::guest::Engine;
use host_test::race::{Explorer, Report, Schedule};
use host_test::scenario::{Case, NotRaced, Scenario, race_in_harness, replay_in_harness};

use super::stopwatch::Stopwatch;
use super::{Ending, complain, files, print};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenario files, or folders: `scenario*.yaml` in them, and all YAML files in folders named
    /// `scenarios`.
    #[arg(required = true, value_name = "SCENARIO")]
    paths: Vec<PathBuf>,
    /// Only the case of this name.
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Run this schedule alone and print what the workers do, a column for each: numbers of
    /// workers such as 0110120, or s: and a seed, as a failure has printed it.
    #[arg(long, value_name = "SCHEDULE")]
    replay: Option<Schedule>,
    /// Choices at which everything is tried, whatever the scenario says.
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// Leave out what differs only in the order of what commutes, whatever the scenario says.
    #[arg(long)]
    reduced: bool,
    /// Schedules by chance after that, whatever the scenario says.
    #[arg(long, value_name = "N")]
    random: Option<u64>,
    /// The seed of the first of them.
    #[arg(long, value_name = "SEED", requires = "random", default_value_t = 0)]
    seed: u64,
}

/// A case and the file it stands in.
struct Job {
    file: PathBuf,
    case: Case,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let jobs = match jobs(arguments) {
        Ok(jobs) => jobs,
        Err(reason) => return complain(reason),
    };
    let engine = match Engine::cached() {
        Ok(engine) => engine,
        Err(error) => return complain(error),
    };
    match (&arguments.replay, jobs.as_slice()) {
        (Some(schedule), [job]) => replay(job, &explorer(&job.case, arguments), schedule, &engine),
        (Some(_), jobs) => {
            let count = jobs.len();
            complain(format!(
                "a schedule belongs to one case, and there are {count}: name it with --case"
            ))
        }
        (None, jobs) => explore_all(jobs, arguments, &engine),
    }
}

fn jobs(arguments: &Arguments) -> Result<Vec<Job>, String> {
    let mut jobs = Vec::new();
    for file in files::find(&arguments.paths)? {
        let scenario = Scenario::read(&file).map_err(|error| error.to_string())?;
        jobs.extend(scenario.cases.into_iter().map(|case| Job {
            file: file.clone(),
            case,
        }));
    }
    let Some(name) = &arguments.case else {
        return Ok(jobs);
    };
    let known: Vec<String> = jobs.iter().map(|job| job.case.name.clone()).collect();
    jobs.retain(|job| job.case.name == *name);
    match jobs.is_empty() {
        true => Err(format!(
            "there is no case {name:?}; there are {}",
            known.join(", ")
        )),
        false => Ok(jobs),
    }
}

fn explorer(case: &Case, arguments: &Arguments) -> Explorer {
    let mut explorer = case.race.clone();
    if let Some(depth) = arguments.depth {
        explorer = explorer.depth(depth);
    }
    if arguments.reduced {
        explorer = explorer.reduced();
    }
    if let Some(random) = arguments.random {
        explorer = explorer.random(random, arguments.seed);
    }
    explorer
}

fn explore_all(jobs: &[Job], arguments: &Arguments, engine: &Engine) -> Ending {
    let mut ending = Ending::Passed;
    for job in jobs {
        let watch = Stopwatch::start();
        let explored = race_in_harness(&job.case, &explorer(&job.case, arguments), engine);
        match explored {
            Err(error) => {
                complain_of(job, error);
                ending = Ending::Invalid;
            }
            Ok(report) => {
                let seconds = watch.elapsed().as_secs_f64();
                print(&in_words(job, &report, seconds));
                if report.failure.is_some() && ending == Ending::Passed {
                    ending = Ending::Failed;
                }
            }
        }
    }
    ending
}

fn in_words(job: &Job, report: &Report, seconds: f64) -> String {
    let word = report.failure.as_ref().map_or("ok", |_| "FAILED");
    let mut text = format!("{word} {}: {report}", title(job));
    match &report.failure {
        None => text += &format!("; {seconds:.1} s\n"),
        Some(failure) => {
            let (file, name) = (job.file.display(), &job.case.name);
            let case = match name.is_empty() {
                true => String::new(),
                false => format!(" --case {name:?}"),
            };
            let schedule = &failure.schedule;
            text += &format!("to see it again: host-test race {file}{case} --replay {schedule}\n");
        }
    }
    text
}

fn replay(job: &Job, explorer: &Explorer, schedule: &Schedule, engine: &Engine) -> Ending {
    let replayed = match replay_in_harness(&job.case, explorer, schedule, engine) {
        Ok(replayed) => replayed,
        Err(error) => return complain_of(job, error),
    };
    print(&replayed.trace);
    let title = title(job);
    match replayed.reason {
        None => {
            print(&format!("ok {title}: schedule {schedule}\n"));
            Ending::Passed
        }
        Some(reason) => {
            print(&format!("FAILED {title}: schedule {schedule}: {reason}\n"));
            Ending::Failed
        }
    }
}

fn complain_of(job: &Job, error: NotRaced) -> Ending {
    match error {
        NotRaced::Scenario(error) => complain(error.in_file(&job.file)),
        error => complain(format!("{}: {error}", title(job))),
    }
}

fn title(job: &Job) -> String {
    let file: &Path = &job.file;
    match job.case.name.as_str() {
        "" => file.display().to_string(),
        name => format!("{}: {name}", file.display()),
    }
}
