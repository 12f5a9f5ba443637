//! Scenario files that arguments name: files, and what folders hold.

use std::path::{Path, PathBuf};

/// All scenario files in the order of their names: of a folder those that are named
/// `scenario*.yaml`, and all YAML files in folders named `scenarios`.
///
/// # Errors
///
/// When a path cannot be read, or a folder holds none.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        if path.is_dir() {
            let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
            let inside = whole.ancestors().any(is_scenarios);
            walk(path, inside, &mut files)?;
            if files.len() == before {
                return Err(format!(
                    "{}: there is no scenario in this folder",
                    path.display()
                ));
            }
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(folder: &Path, inside: bool, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // Links are not followed: they may lead back.
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if !name.starts_with('.') && name != "target" {
                walk(&path, inside || is_scenarios(&path), files)?;
            }
        } else if name.ends_with(".yaml") && (inside || name.starts_with("scenario")) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_scenarios(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "scenarios")
}
