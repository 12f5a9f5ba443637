//! `host-test run`: runs scenario files, several cases at a time.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use clap::Args;
use host_test::diff::play_in_envoy;
use host_test::guest::Engine;
use host_test::report::{CaseReport, Report, Verdict, case_text, json, junit, summary};
use host_test::scenario::{Case, InvalidScenario, Outcome, Scenario, play_in_harness};

use super::stopwatch::Stopwatch;
use super::{Ending, complain, files, print, style};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    cases: Cases,
    /// Run the cases in this real Envoy instead. Needs root, for network namespaces.
    #[arg(long, value_name = "PROGRAM")]
    envoy: Option<PathBuf>,
}

/// Which cases, and where the report goes.
#[derive(Debug, Args)]
pub(super) struct Cases {
    /// Scenario files, or folders: `scenario*.yaml` in them, and all YAML files in folders named
    /// `scenarios`.
    #[arg(required = true, value_name = "SCENARIO")]
    paths: Vec<PathBuf>,
    /// Only cases whose file or name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print the cases, and run none.
    #[arg(long)]
    list: bool,
    /// Print failures and the summary alone.
    #[arg(long, short)]
    quiet: bool,
    /// How many cases run at a time. Default: one for each core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Write a report for CI to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a report in JSON to this file, or to standard output instead of the text with `-`.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A case, or a file that is none.
struct Job {
    file: PathBuf,
    case: Result<Case, InvalidScenario>,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let Arguments { cases, envoy } = arguments;
    if let Some(program) = envoy {
        return match usable(program) {
            Ok(()) => run_cases(cases, &|case| play_in_envoy(case, program)),
            Err(reason) => complain(reason),
        };
    }
    match Engine::cached() {
        Ok(engine) => run_cases(cases, &|case| play_in_harness(case, &engine)),
        Err(error) => complain(error),
    }
}

/// Whether cases can be run in the Envoy at `program`.
pub(super) fn usable(program: &Path) -> Result<(), String> {
    if !program.is_file() {
        return Err(format!(
            "--envoy {}: there is no such program",
            program.display()
        ));
    }
    real_envoy::Netns::available()
}

/// Plays a case somewhere.
type Play<'a> = &'a (dyn Fn(&Case) -> Result<Outcome, InvalidScenario> + Sync);

/// Plays all cases, and reports what came of them.
pub(super) fn run_cases(arguments: &Cases, play: Play<'_>) -> Ending {
    let watch = Stopwatch::start();
    let jobs = match jobs(arguments) {
        Ok(jobs) => jobs,
        Err(reason) => return complain(reason),
    };
    if arguments.list {
        return list(&jobs);
    }
    if jobs.is_empty() {
        return complain("no case matches the filter");
    }
    let cases = play_all(&jobs, play, arguments);
    let report = Report {
        cases,
        elapsed: watch.elapsed(),
    };
    if let Err(reason) = write(&report, arguments) {
        return complain(reason);
    }
    match report.verdict() {
        Verdict::Passed | Verdict::Impossible => Ending::Passed,
        Verdict::Failed => Ending::Failed,
        Verdict::Invalid => Ending::Invalid,
    }
}

fn jobs(arguments: &Cases) -> Result<Vec<Job>, String> {
    let mut jobs = Vec::new();
    for file in files::find(&arguments.paths)? {
        match Scenario::read(&file) {
            Ok(scenario) => jobs.extend(scenario.cases.into_iter().map(|case| Job {
                file: file.clone(),
                case: Ok(case),
            })),
            Err(error) => jobs.push(Job {
                file,
                case: Err(error),
            }),
        }
    }
    if let Some(filter) = &arguments.filter {
        jobs.retain(|job| match &job.case {
            Ok(case) => title(job, case).contains(filter),
            // A broken file may hold what is looked for.
            Err(_) => true,
        });
    }
    Ok(jobs)
}

fn title(job: &Job, case: &Case) -> String {
    match case.name.as_str() {
        "" => job.file.display().to_string(),
        name => format!("{}: {name}", job.file.display()),
    }
}

fn list(jobs: &[Job]) -> Ending {
    let mut ending = Ending::Passed;
    for job in jobs {
        match &job.case {
            Ok(case) => print(&format!("{}\n", title(job, case))),
            Err(error) => ending = complain(error),
        }
    }
    ending
}

/// Plays all cases, and prints what came of them in their order.
fn play_all(jobs: &[Job], play: Play<'_>, arguments: &Cases) -> Vec<CaseReport> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.jobs.map_or(cores, usize::from).min(jobs.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut slots: Vec<Option<CaseReport>> = jobs.iter().map(|_| None).collect();
    let mut printer = Printer::new(arguments, jobs.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    if sender.send((index, report(job, play))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (done, (index, report)) in receiver.iter().enumerate() {
            if let Some(slot) = slots.get_mut(index) {
                *slot = Some(report);
            }
            printer.print(&slots, done + 1);
        }
    });
    slots.into_iter().flatten().collect()
}

fn report(job: &Job, play: Play<'_>) -> CaseReport {
    let watch = Stopwatch::start();
    let (name, description, result) = match &job.case {
        Ok(case) => {
            let played = play(case).map_err(|error| error.in_file(&job.file));
            (case.name.clone(), case.description.clone(), played)
        }
        Err(error) => (String::new(), String::new(), Err(error.clone())),
    };
    CaseReport {
        file: job.file.clone(),
        name,
        description,
        result,
        elapsed: watch.elapsed(),
    }
}

/// Prints what came of cases in their order, each as soon as all before it have ended.
struct Printer {
    printed: usize,
    total: usize,
    is_quiet: bool,
    is_silent: bool,
    shows_progress: bool,
}

impl Printer {
    fn new(arguments: &Cases, total: usize) -> Self {
        Self {
            printed: 0,
            total,
            is_quiet: arguments.quiet,
            is_silent: arguments.json.as_deref() == Some(Path::new("-")),
            shows_progress: std::io::stderr().is_terminal(),
        }
    }

    fn print(&mut self, slots: &[Option<CaseReport>], done: usize) {
        let style = style();
        while let Some(Some(report)) = slots.get(self.printed) {
            self.printed += 1;
            let passed = report.verdict() == Verdict::Passed;
            if !(self.is_silent || passed && self.is_quiet) {
                self.progress(None);
                print(&case_text(report, style));
            }
        }
        self.progress((done < self.total).then_some(done));
    }

    /// One line on a terminal, which the next one replaces.
    fn progress(&self, done: Option<usize>) {
        if !self.shows_progress {
            return;
        }
        let mut out = std::io::stderr().lock();
        let _ = match done {
            Some(done) => write!(out, "\r\x1b[K{done} of {} cases", self.total),
            None => write!(out, "\r\x1b[K"),
        };
        let _ = out.flush();
    }
}

fn write(report: &Report, arguments: &Cases) -> Result<(), String> {
    let file = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    if let Some(path) = &arguments.junit {
        file(path, &junit(report).map_err(|error| error.to_string())?)?;
    }
    let Some(path) = &arguments.json else {
        print(&summary(report, style()));
        return Ok(());
    };
    let text = format!("{:#}\n", json(report));
    if path == Path::new("-") {
        print(&text);
        return Ok(());
    }
    file(path, &text)?;
    print(&summary(report, style()));
    Ok(())
}
