//! `host-test check`: a module against the ABI, without running it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use host_test::check::{Findings, Rules, check};

use super::{Ending, complain, print};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The module, binary or text.
    #[arg(value_name = "MODULE")]
    module: PathBuf,
    /// An import that is allowed, as `proxy_log` or `env.proxy_log`; may be given several times.
    /// With none of them, all imports of the ABI are.
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
    /// A file with imports that are allowed, one a line; what follows a `#` is a comment.
    #[arg(long, value_name = "FILE")]
    allow_list: Option<PathBuf>,
    /// The most bytes of the file.
    #[arg(long, value_name = "BYTES")]
    max_size: Option<u64>,
    /// The most bytes of memory at the beginning.
    #[arg(long, value_name = "BYTES")]
    max_memory: Option<u64>,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let path = arguments.module.display();
    let module = match std::fs::read(&arguments.module) {
        Ok(module) => module,
        Err(error) => return complain(format!("{path}: {error}")),
    };
    let rules = match rules(arguments) {
        Ok(rules) => rules,
        Err(reason) => return complain(reason),
    };
    let findings = check(&module, &rules);
    for problem in &findings.problems {
        print(&format!("{path}: {problem}\n"));
    }
    match findings.problems.is_empty() {
        true => {
            print(&format!("{path}: {}\n", in_words(&findings)));
            Ending::Passed
        }
        false => Ending::Failed,
    }
}

fn rules(arguments: &Arguments) -> Result<Rules, String> {
    let mut names: BTreeSet<String> = arguments.allow.iter().cloned().collect();
    if let Some(path) = &arguments.allow_list {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        names.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
    }
    let is_limited = arguments.allow_list.is_some() || !names.is_empty();
    Ok(Rules {
        imports: is_limited.then_some(names),
        size_max_bytes: arguments.max_size,
        memory_max_bytes: arguments.max_memory,
    })
}

fn in_words(findings: &Findings) -> String {
    format!(
        "{}, {} bytes, {} bytes of memory at the beginning, {} imports, {} callbacks",
        findings.abi.map_or("no ABI", |abi| abi.export()),
        findings.size_bytes,
        findings.memory_bytes,
        findings.imports.len(),
        findings.callbacks.len(),
    )
}
