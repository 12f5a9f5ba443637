//! `envoy --mode validate`: is a configuration good, modules included, without serving anything.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use super::builder::find_envoy;
use crate::workspace::{Scratch, workspace_root};

/// Lets Envoy validate the configuration file `yaml` and returns what it printed.
///
/// `envoy` is the program, or `None` for [`default_envoy`](super::default_envoy). The error of a
/// refused configuration is everything that Envoy printed, the log lines of modules included;
/// that of a program that cannot be started is one line.
pub fn validate(yaml: &Path, envoy: Option<&Path>) -> Result<String, String> {
    run(yaml, envoy).map_err(|error| format!("{error:#}"))
}

/// Like [`validate`], for the text of a configuration.
pub fn validate_text(text: &str, envoy: Option<&Path>) -> Result<String, String> {
    Scratch::new()
        .and_then(|scratch| run(&scratch.write("envoy.yaml", text)?, envoy))
        .map_err(|error| format!("{error:#}"))
}

fn run(yaml: &Path, envoy: Option<&Path>) -> Result<String> {
    let program = find_envoy(envoy.map(PathBuf::from))?;
    let root = workspace_root();
    let output = Command::new(&program)
        .current_dir(&root)
        .args(["--mode", "validate", "--use-dynamic-base-id", "-l", "info"])
        .arg("-c")
        .arg(root.join(yaml))
        .output()?;
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    if !output.status.success() {
        bail!("{text}");
    }
    Ok(text)
}
