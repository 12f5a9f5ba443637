//! The files in `envoy/` themselves, and the check that knows more than Envoy.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use real_envoy::{Result, envoy::validate, workspace_root};

#[test]
fn every_configuration_in_the_folder_is_valid() -> Result<()> {
    let files = configurations("envoy")?;
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let output = validate(&file, None);
        let name = file.display();
        let output = output.unwrap_or_else(|output| panic!("{name}: {output}"));
        assert!(output.contains("OK"), "{name}: {output}");
        assert!(!output.contains("[error]"), "{name}: {output}");
    }
    Ok(())
}

/// A QUIC peer's address is not proven when a network filter sees it: anybody could be framed.
#[test]
fn a_sensor_in_a_quic_chain_is_refused_by_the_check() -> Result<()> {
    let mut checked = 0;
    for file in configurations("envoy/testdata")? {
        let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if !name.starts_with("quic-") {
            continue;
        }
        let (is_accepted, output) = check(&file)?;
        assert!(!is_accepted, "{name}: {output}");
        assert!(output.contains("QUIC"), "{name}: {output}");
        checked += 1;
    }
    assert!(checked >= 3);
    Ok(())
}

#[test]
fn the_configurations_in_the_folder_pass_the_check() -> Result<()> {
    for file in configurations("envoy")? {
        let (is_accepted, output) = check(&file)?;
        assert!(is_accepted, "{}: {output}", file.display());
    }
    Ok(())
}

/// Runs the check on one file; whether it passed, and what it printed.
fn check(file: &Path) -> Result<(bool, String)> {
    let root = workspace_root();
    let output = Command::new("python3")
        .env("PYTHONPATH", root.join(".tools/bin/pyyaml"))
        .arg(root.join("envoy/validate.py"))
        .arg(file)
        .current_dir(&root)
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok((output.status.success(), text))
}

/// The configurations in `folder`, from the root of the workspace.
fn configurations(folder: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(workspace_root().join(folder))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
