//! From a file to its cases.

use std::path::Path;
use std::sync::Arc;

use super::dry_run::dry_run;
use super::expect;
use super::names::Names;
use super::race;
use super::step::Surroundings;
use super::value::answer;
use crate::scenario::expression::Scope;
use crate::scenario::invalid::{DEPTH_MAX, InvalidScenario};
use crate::scenario::model::{Case, Scenario};
use crate::scenario::raw;
use crate::scenario::setup::{Setup, Sources};
use crate::scenario::text::Text;

/// Reads a scenario file and all that it names, and checks every step that it can before any of
/// them is run.
///
/// # Errors
///
/// The first thing that is wrong, with its place.
pub(in crate::scenario) fn read(file: &Path) -> Result<Scenario, InvalidScenario> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| InvalidScenario::file(file, format!("cannot be read: {error}")))?;
    parse(file, &text)
}

/// Like [`read`], for the text of a file.
///
/// # Errors
///
/// The first thing that is wrong, with its place.
pub(in crate::scenario) fn parse(path: &Path, text: &str) -> Result<Scenario, InvalidScenario> {
    parse_text(path, text).map_err(|error| error.in_file(path))
}

fn parse_text(path: &Path, text: &str) -> Result<Scenario, InvalidScenario> {
    // `on` and `off` are texts here, as `yes` and `no` are.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX },
    };
    let file: raw::File = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| InvalidScenario::from_yaml(&error, text))?;
    let mut cases = cases(path, &file)?;
    for case in &mut cases {
        // Where many steps are not read before, it may stand in one of them.
        case.compares_steps = dry_run(case)?;
    }
    let description = file.description.as_ref().map(|text| text.text.clone());
    Ok(Scenario {
        file: path.to_owned(),
        description: description.unwrap_or_default(),
        cases,
    })
}

fn cases(path: &Path, file: &raw::File) -> Result<Vec<Case>, InvalidScenario> {
    let steps = Arc::new(file.steps.clone());
    let nothing = Arc::new(raw::Steps::new());
    if file.cases.is_empty() {
        if steps.is_empty() && file.refused.is_none() {
            return Err(InvalidScenario::file(
                path,
                "expected steps or cases, found neither",
            ));
        }
        return Ok(vec![case(path, file, None, steps, nothing)?]);
    }
    let mut cases: Vec<Case> = Vec::new();
    for at in &file.cases {
        let more = Arc::new(at.value.steps.clone());
        let case = case(path, file, Some(&at.value), Arc::clone(&steps), more)?;
        if cases.iter().any(|other| other.name == case.name) {
            let name = &at.value.name;
            return Err(name.error(format!("there are two cases with the name {:?}", case.name)));
        }
        cases.push(case);
    }
    Ok(cases)
}

fn case(
    path: &Path,
    file: &raw::File,
    case: Option<&raw::Case>,
    steps: Arc<raw::Steps>,
    more_steps: Arc<raw::Steps>,
) -> Result<Case, InvalidScenario> {
    let variables = variables(file, case)?;
    let mut scope = Scope::default();
    for (name, value) in &variables {
        scope.set(name, value.clone());
    }
    let answer_raw = either(case, |case| &case.upstream, &file.upstream);
    let refused = either(case, |case| &case.refused, &file.refused);
    let raced = either(case, |case| &case.race, &file.race);
    let traps = either(case, |case| &case.traps, &file.traps);
    let description = match case {
        Some(case) => case.description.as_ref(),
        None => file.description.as_ref(),
    };
    let mut built = Case {
        name: case
            .map(|case| case.name.expand(&scope))
            .transpose()?
            .unwrap_or_default(),
        description: description
            .map(|text| text.text.clone())
            .unwrap_or_default(),
        setup: Setup::new(&Sources {
            path,
            file,
            case,
            scope: &scope,
        })?,
        workers: match either(case, |case| &case.workers, &file.workers) {
            Some(text) => workers(text, &scope)?,
            None => 1,
        },
        start: match either(case, |case| &case.start, &file.start) {
            Some(text) => text.moment(&scope)?,
            None => Default::default(),
        },
        seed: match either(case, |case| &case.seed, &file.seed) {
            Some(text) => text.parse(&scope, "a number")?,
            None => 0,
        },
        answer: answer_raw
            .map(|raw| answer(raw, &scope))
            .transpose()?
            .unwrap_or_default(),
        refused: Vec::new(),
        traps: None,
        race: race::explorer(raced, &scope)?,
        compares_steps: false,
        variables,
        steps,
        more_steps,
    };
    let around = Surroundings {
        case: &built,
        scope: &scope,
        worker: 0,
    };
    let names = Names::default();
    let refused = refused.map(|refused| expect::refusal(refused, &around, &names));
    let traps = traps.map(|traps| expect::number(traps, &around, &names));
    (built.refused, built.traps) = (refused.transpose()?.unwrap_or_default(), traps.transpose()?);
    Ok(built)
}

/// What the case says, else what the file says.
fn either<'a, T>(
    case: Option<&'a raw::Case>,
    ours: fn(&raw::Case) -> &Option<T>,
    files: &'a Option<T>,
) -> Option<&'a T> {
    case.and_then(|case| ours(case).as_ref()).or(files.as_ref())
}

/// Those of the case before those of the file, each with its own variables put in.
fn variables(
    file: &raw::File,
    case: Option<&raw::Case>,
) -> Result<Vec<(String, String)>, InvalidScenario> {
    let mut scope = Scope::default();
    let mut variables: Vec<(String, String)> = Vec::new();
    let ours = case
        .map(|case| case.variables.0.as_slice())
        .unwrap_or_default();
    for (name, value) in ours.iter().chain(&file.variables.0) {
        if variables.iter().any(|(known, _)| *known == name.text) {
            continue;
        }
        let value = value.expand(&scope)?;
        scope.set(&name.text, value.clone());
        variables.push((name.text.clone(), value));
    }
    Ok(variables)
}

fn workers(text: &Text, scope: &Scope<'_>) -> Result<usize, InvalidScenario> {
    let expected = "a number of workers out of 1 to 64";
    let workers = text.parse(scope, expected)?;
    match (1..=64).contains(&workers) {
        true => Ok(workers),
        false => Err(text.error(format!("expected {expected}, found {workers}"))),
    }
}
