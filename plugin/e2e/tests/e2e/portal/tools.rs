//! The feed in the tools that people read it with, and the whole interface against its description.

use std::process::Command;

use anyhow::ensure;
use real_envoy::{Result, Scratch, http::Source, workspace_root};

use super::{feed_with, firewall::is_there, portal};
use crate::edge::{Edge, knock};

/// An edge that a scanner has touched, with the feed in `format`.
fn feed(number: u8, format: &str) -> Result<(Edge, String)> {
    let edge = Edge::start("edge.yaml")?;
    for decoy in 0..2 {
        knock(&Source::loopback(33, number, 1), edge.decoy(decoy))?;
    }
    knock(&Source::loopback(33, number, 2), edge.decoy(0))?;
    let last = format!("127.33.{number}.2");
    let text = feed_with(&edge, &format!("/v1/feed.{format}"), &last)?;
    Ok((edge, text))
}

/// What `program` prints when it is given the file `text` as its last argument.
fn run(program: &str, args: &[&str], text: &str) -> Result<String> {
    let scratch = Scratch::new()?;
    let file = scratch.write("feed", text)?;
    let output = Command::new(program).args(args).arg(file).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {errors}\n{text}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn jq_reads_the_lines() -> Result<()> {
    if !is_there("jq", "jq") {
        return Ok(());
    }
    let (_edge, text) = feed(0, "ndjson")?;
    let found = run(
        "jq",
        &["-r", r#""\(.ip) \(.kind) \(.ports | length)""#],
        &text,
    )?;
    assert_eq!(found, "127.33.0.1 vertical 2\n127.33.0.2 probe 1\n");
    Ok(())
}

#[test]
fn python_reads_the_comma_separated_values() -> Result<()> {
    let (_edge, text) = feed(1, "csv")?;
    let program = "import csv, sys\n\
                   for row in csv.DictReader(open(sys.argv[1], newline=''), strict=True):\n    \
                   assert None not in row and None not in row.values(), row\n    \
                   print(row['ip'], row['kind'], int(row['risk']) > 40, row['shared_ip_hint'])";
    let found = run("python3", &["-c", program], &text)?;
    assert_eq!(
        found,
        "127.33.1.1 vertical True false\n127.33.1.2 probe True false\n"
    );
    Ok(())
}

/// What every client is promised: docs/openapi.yaml, tried with hundreds of requests, right and wrong.
#[test]
fn the_portal_is_as_its_openapi_description_says() -> Result<()> {
    let packages = workspace_root().join(".tools/bin/schemathesis");
    if !packages.exists() {
        eprintln!("skipped: no schemathesis: run .ci/portal-tools");
        return Ok(());
    }
    // printf %s secret | sha256sum
    let digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let edge = Edge::start_with("edge.yaml", |builder| {
        builder.replace(
            r#"{"role":"portal"}"#,
            &format!(r#"{{"role":"portal","token_sha256":"{digest}"}}"#),
        )
    })?;
    knock(&Source::loopback(33, 2, 1), edge.decoy(0))?;
    let docs = workspace_root().join("docs");
    let scratch = Scratch::new()?;
    let output = Command::new("python3")
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(docs.join("schemathesis.toml"))
        .arg("run")
        .arg(docs.join("openapi.yaml"))
        .args(["--url", &format!("http://{}", portal(&edge))])
        .args(["--header", "Authorization: Bearer secret"])
        .args(["--seed", "1", "--max-examples", "10"])
        .args([
            "--suppress-health-check",
            "all",
            "--generation-deterministic",
        ])
        .env("PYTHONPATH", &packages)
        .current_dir(scratch.path("."))
        .output()?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(output.status.success(), "{text}");
    assert_eq!(edge.metric("host_errors_total")?, 0);
    Ok(())
}
