//! Reads an Envoy YAML into a [`Bootstrap`].
//!
//! What the harness models of Envoy is read, what changes nothing that it observes is accepted,
//! and anything else is a [`Problem`] that names it. `host-test/ENVOY-YAML.md` lists both.

mod accepted;
mod access_log;
mod any;
mod bootstrap;
mod cel;
mod chain;
mod http;
mod listener;
mod matching;
mod message;
mod network;
mod node;
mod place;
mod plugin;
mod problem;
mod proto;
mod rbac;
mod route;

pub use self::problem::{Position, Problem, Problems};

use std::{cell::RefCell, collections::BTreeSet, fs, path::Path};

use self::{
    node::{BYTES_MAX, load},
    place::{Place, Reading},
};
use super::{Bootstrap, Source};

/// Keys that change nothing that the harness observes: message, key, reason.
pub fn keys_without_effect() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    accepted::GROUPS.iter().flat_map(|group| {
        let keys = group.keys.iter();
        keys.map(|accepted| (group.message, accepted.key, group.why))
    })
}

/// Reads the file at `path`; relative paths in it begin in `folder`, where Envoy is started.
///
/// Fails with everything that is wrong with it, missing files included.
pub fn read(path: &Path, folder: &Path) -> Result<Bootstrap, Problems> {
    let name = path.display().to_string();
    let fail = |reason: String| Err(alone(&name, None, reason));
    match fs::metadata(path) {
        Ok(data) if !data.is_file() => return fail("expected a file".to_owned()),
        Ok(data) if data.len() > BYTES_MAX as u64 => {
            let bytes = data.len();
            return fail(format!("{bytes} bytes, at most {BYTES_MAX} are read"));
        }
        _ => {}
    }
    match fs::read_to_string(path) {
        Ok(text) => parse_in(&text, &name, Some(folder)),
        Err(error) => fail(format!("cannot be read: {error}")),
    }
}

/// Like [`read`], for a text; messages call it `name`. Files are not looked for, and what they
/// hold is taken for empty.
pub fn parse(text: &str, name: &str) -> Result<Bootstrap, Problems> {
    parse_in(text, name, None)
}

/// Like [`parse`]; files are looked for in `folder`, if there is one.
pub fn parse_in(text: &str, name: &str, folder: Option<&Path>) -> Result<Bootstrap, Problems> {
    let root = load(text).map_err(|(at, message)| alone(name, at, message))?;
    if root.value == node::Value::Null {
        return Err(alone(
            name,
            None,
            "expected a configuration, found nothing".to_owned(),
        ));
    }
    let reading = Reading {
        file: name,
        folder,
        clusters: RefCell::new(BTreeSet::new()),
        problems: RefCell::new(Vec::new()),
    };
    let place = Place {
        reading: &reading,
        node: &root,
        path: String::new(),
    };
    let found = bootstrap::bootstrap(&place);
    drop(place);
    match (found, reading.problems.into_inner()) {
        (Some(bootstrap), problems) if problems.is_empty() => Ok(Bootstrap {
            source: Some(Source {
                name: name.to_owned(),
                text: text.into(),
            }),
            ..bootstrap
        }),
        (_, problems) => Err(Problems::new(problems)),
    }
}

fn alone(file: &str, position: Option<Position>, message: String) -> Problems {
    Problems::new(vec![Problem {
        file: file.to_owned(),
        position,
        path: String::new(),
        message,
    }])
}

#[cfg(test)]
mod tests;
