//! The Envoy configuration of a case: read from a file or made for one plugin, with what the
//! scenario changes in it.
//!
//! The harness and the real Envoy get the same text.

mod inline;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::expression::Scope;
use super::invalid::InvalidScenario;
use super::raw;
use super::text::{Place, Text};
use crate::config::{Bootstrap, yaml};

/// The Envoy configuration of a case.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The configuration, in YAML.
    pub text: String,
    /// The configuration, read.
    pub bootstrap: Arc<Bootstrap>,
    /// The file that it comes from, for messages.
    pub origin: PathBuf,
    /// What relative paths in it count from.
    pub folder: PathBuf,
    /// The folder of the scenario.
    beside: PathBuf,
    /// Where the scenario names the configuration.
    named: Place,
    /// The text before configurations of VMs were changed.
    replaced: String,
    vm_configuration: Option<String>,
}

/// Where a set-up is read from.
pub(super) struct Sources<'a> {
    pub(super) path: &'a Path,
    pub(super) file: &'a raw::File,
    pub(super) case: Option<&'a raw::Case>,
    pub(super) scope: &'a Scope<'a>,
}

impl Setup {
    /// Reads what a file and one of its cases say.
    pub(super) fn new(sources: &Sources<'_>) -> Result<Self, InvalidScenario> {
        let Sources {
            path,
            file,
            case,
            scope,
        } = *sources;
        let beside = path.parent().unwrap_or(Path::new(""));
        let (text, origin, named) = match (&file.envoy, &file.plugin) {
            (Some(envoy), None) => {
                let (text, origin) = read(beside, envoy, scope)?;
                (text, origin, envoy.place)
            }
            (None, Some(plugin)) => {
                let text = inline::configuration(&plugin.value, plugin.place, beside, scope)?;
                (text, path.to_owned(), plugin.place)
            }
            (Some(_), Some(plugin)) => {
                let reason = "expected one of envoy, plugin; found both";
                return Err(InvalidScenario::at(plugin.place, reason));
            }
            (None, None) => {
                return Err(InvalidScenario::file(
                    path,
                    "expected one of envoy, plugin; found neither",
                ));
            }
        };
        let folder = match &file.folder {
            Some(folder) => existing_folder(beside, folder, scope)?,
            None => beside.to_owned(),
        };
        let ours = case.map(|case| case.replace.as_slice()).unwrap_or_default();
        let vm = case.and_then(|case| case.vm_configuration.as_ref());
        let vm = vm.or(file.vm_configuration.as_ref());
        let replaced = replace(text, file.replace.iter().chain(ours), scope)?;
        let vm_configuration = vm.map(|raw::Json(text)| text.expand(scope)).transpose()?;
        let place = vm.map(|raw::Json(text)| text.place).unwrap_or_default();
        Self {
            text: String::new(),
            bootstrap: Arc::default(),
            origin,
            folder,
            beside: beside.to_owned(),
            named,
            replaced,
            vm_configuration,
        }
        .finish(place)
    }

    /// The set-up after an update.
    pub(super) fn updated(
        &self,
        update: &raw::Update,
        scope: &Scope<'_>,
    ) -> Result<Self, InvalidScenario> {
        let mut next = self.clone();
        if let Some(envoy) = &update.envoy {
            (next.replaced, next.origin) = read(&self.beside, envoy, scope)?;
            next.named = envoy.place;
        }
        next.replaced = replace(next.replaced, &update.replace, scope)?;
        let mut place = Place::default();
        if let Some(raw::Json(text)) = &update.vm_configuration {
            next.vm_configuration = Some(text.expand(scope)?);
            place = text.place;
        }
        next.finish(place)
    }

    /// Puts the configuration of the VMs in, and reads the whole.
    fn finish(mut self, place: Place) -> Result<Self, InvalidScenario> {
        let configuration = self.vm_configuration.as_deref();
        self.text = match (configuration, self.replaced.contains(".wat")) {
            (None, false) => self.replaced.clone(),
            (configuration, _) => {
                let mut tree: Value = serde_saphyr::from_str(&self.replaced).map_err(|error| {
                    let error = InvalidScenario::from_yaml(&error, &self.replaced);
                    error.in_file(&self.origin)
                })?;
                if let Some(configuration) = configuration
                    && set_vm_configuration(&mut tree, configuration) == 0
                {
                    let reason = format!("there is no vm_config in {}", self.origin.display());
                    return Err(InvalidScenario::at(place, reason));
                }
                inline::assemble(&mut tree, &self.folder)
                    .map_err(|reason| InvalidScenario::at(self.named, reason))?;
                format!("{tree:#}\n")
            }
        };
        let name = self.origin.display().to_string();
        let bootstrap = yaml::parse_in(&self.text, &name, Some(&self.folder))
            .map_err(|problems| InvalidScenario::at(self.named, one_line(&problems.to_string())))?;
        self.bootstrap = Arc::new(bootstrap);
        Ok(self)
    }
}

/// All problems of a configuration in one line.
fn one_line(problems: &str) -> String {
    let lines: Vec<&str> = problems.lines().map(str::trim).collect();
    lines.join("; ")
}

/// Reads a file that a scenario names.
fn read(
    beside: &Path,
    name: &Text,
    scope: &Scope<'_>,
) -> Result<(String, PathBuf), InvalidScenario> {
    let path = beside.join(name.expand(scope)?);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((text, path)),
        Err(error) => Err(name.error(format!("cannot read {}: {error}", path.display()))),
    }
}

fn existing_folder(
    beside: &Path,
    name: &Text,
    scope: &Scope<'_>,
) -> Result<PathBuf, InvalidScenario> {
    let path = beside.join(name.expand(scope)?);
    match path.is_dir() {
        true => Ok(path),
        false => Err(name.error(format!("{} is no folder", path.display()))),
    }
}

fn replace<'a>(
    mut text: String,
    replacements: impl IntoIterator<Item = &'a raw::Replace>,
    scope: &Scope<'_>,
) -> Result<String, InvalidScenario> {
    for raw::Replace { text: gone, with } in replacements {
        let (old, new) = (gone.expand(scope)?, with.expand(scope)?);
        if old.is_empty() || !text.contains(&old) {
            return Err(gone.error(format!("{old:?} does not occur in the configuration")));
        }
        text = text.replace(&old, &new);
    }
    Ok(text)
}

/// Gives every `vm_config` in the tree this configuration; says how many there were.
fn set_vm_configuration(tree: &mut Value, configuration: &str) -> usize {
    match tree {
        Value::Array(items) => items
            .iter_mut()
            .map(|item| set_vm_configuration(item, configuration))
            .sum(),
        Value::Object(members) => {
            let mut found = 0;
            for (key, value) in members {
                match value {
                    Value::Object(vm) if key == "vm_config" => {
                        vm.insert("configuration".to_owned(), string_value(configuration));
                        found += 1;
                    }
                    other => found += set_vm_configuration(other, configuration),
                }
            }
            found
        }
        _ => 0,
    }
}

/// A text as Envoy's configurations hold it in an `Any`.
fn string_value(text: &str) -> Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text })
}
