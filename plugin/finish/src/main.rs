//! Drops the exports that no role uses from the module, and with them the code behind them.
//!
//! The SDK exports every callback of the ABI, and Envoy calls every one that is exported: for each
//! request body, each response, each log line. Usage: `portscan-finish IN.wasm OUT.wasm`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use walrus::ModuleConfig;

/// What Envoy may call, with the role that needs it.
const EXPORTS: [&str; 15] = [
    // Every role: memory, version, start, contexts, configuration, periodic work.
    "memory",
    "malloc",
    "proxy_abi_version_0_2_1",
    "_initialize",
    "proxy_on_context_create",
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_delete",
    // Sensor.
    "proxy_on_new_connection",
    "proxy_on_downstream_data",
    "proxy_on_downstream_connection_close",
    // Tagger and portal.
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
];

/// Largest module that is accepted, bytes: the budget of this stage.
const MODULE_LEN_MAX: usize = 600_000;

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portscan-finish: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: portscan-finish IN.wasm OUT.wasm");
    };
    let module = finish(&input)?;
    ensure!(
        module.len() <= MODULE_LEN_MAX,
        "{} would have {} bytes, at most {MODULE_LEN_MAX} are allowed",
        output.display(),
        module.len()
    );
    write_whole(&output, &module)?;
    println!("{}: {} bytes", output.display(), module.len());
    Ok(())
}

fn finish(input: &Path) -> Result<Vec<u8>> {
    let mut module = ModuleConfig::new()
        .generate_name_section(false)
        .generate_producers_section(false)
        .parse_file(input)
        .with_context(|| format!("cannot read {}", input.display()))?;
    for needed in EXPORTS {
        ensure!(
            module.exports.iter().any(|export| export.name == needed),
            "{} does not export {needed}",
            input.display()
        );
    }
    let unused: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !EXPORTS.contains(&export.name.as_str()))
        .map(walrus::Export::id)
        .collect();
    for export in unused {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// Writes beside the file and renames, so that who reads it meanwhile sees the old or the new one.
fn write_whole(output: &Path, bytes: &[u8]) -> Result<()> {
    let beside = output.with_extension(format!("wasm.{}", std::process::id()));
    std::fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    std::fs::rename(&beside, output).with_context(|| format!("cannot write {}", output.display()))
}
