//! Why a module does not load, in words that a real Envoy and this harness share.

use crate::{
    BuildError, InvalidBootstrap,
    guest::{InvalidModule, TrapReason},
};

/// The line of a transcript for what Envoy's log says; `None` when it says nothing of a module.
pub(super) fn of_envoy(line: &str) -> Option<String> {
    let (head, rest) = line.split_once("] ")?;
    let is_problem =
        head.contains("[wasm") && (head.contains("[error]") || head.contains("[critical]"));
    let text = rest.split_once("] ").map_or(rest, |(_, text)| text);
    if !is_problem || text.starts_with("wasm log") {
        return None;
    }
    // What follows a name says the same as the name, or what V8 calls it.
    let named = |start: &str, end: char| {
        let rest = text.strip_prefix(start)?;
        rest.split(end).next()
    };
    let line =
        if let Some(name) = named("Failed to load Wasm module due to a missing import: ", ' ') {
            missing_import(name)
        } else if let Some(name) = named(
            "Failed to load Wasm module due to an import type mismatch: ",
            ',',
        ) {
            import_type(name)
        } else if let Some(name) = named("Bad function signature for: ", ',') {
            callback_type(name)
        } else if let Some(name) = named("Function: ", ' ') {
            if text.ends_with("restricted_callback") {
                restricted(name)
            } else {
                trap(name)
            }
        } else {
            match text.strip_prefix("Wasm VM failed ")? {
                "Missing or unknown Proxy-Wasm ABI version" => NO_ABI.to_owned(),
                "Wasm module is missing malloc function." => NO_ALLOCATOR.to_owned(),
                "Failed to start base Wasm" => VM_START.to_owned(),
                "Failed to configure base Wasm plugin" => CONFIGURE.to_owned(),
                // A consequence of what was said before.
                _ => return None,
            }
        };
    Some(format!("refused: {line}"))
}

/// The same for an error of the harness, after the lines that the guest logged.
pub(super) fn of_harness(error: &BuildError) -> Vec<String> {
    let module = |reason: &InvalidModule| match reason {
        InvalidModule::UnknownImport { module, name, .. } => {
            missing_import(&format!("{module}.{name}"))
        }
        InvalidModule::ImportSignature { module, name, .. } => {
            import_type(&format!("{module}.{name}"))
        }
        InvalidModule::ExportSignature { callback, .. } => callback_type(callback.name()),
        InvalidModule::NoAbiVersion => NO_ABI.to_owned(),
        InvalidModule::NoAllocator => NO_ALLOCATOR.to_owned(),
        other => other.to_string(),
    };
    let mut lines = Vec::new();
    let line = match error {
        BuildError::Bootstrap(InvalidBootstrap::Module { reason, .. })
        | BuildError::Module { reason, .. } => module(reason),
        BuildError::Bootstrap(reason @ InvalidBootstrap::NoWorker) => reason.to_string(),
        BuildError::Trapped {
            trap: ended, log, ..
        } => {
            lines.extend(log.iter().cloned());
            match ended.reason {
                TrapReason::RestrictedCall(_) => restricted(ended.callback.name()),
                _ => trap(ended.callback.name()),
            }
        }
        BuildError::VmStartRefused { log, .. } => {
            lines.extend(log.iter().cloned());
            VM_START.to_owned()
        }
        BuildError::ConfigurationRefused { log, .. } => {
            lines.extend(log.iter().cloned());
            CONFIGURE.to_owned()
        }
    };
    lines.push(format!("refused: {line}"));
    lines
}

fn missing_import(name: &str) -> String {
    format!("missing import {name}")
}

fn import_type(name: &str) -> String {
    format!("type of import {name}")
}

fn callback_type(name: &str) -> String {
    format!("type of callback {name}")
}

fn restricted(callback: &str) -> String {
    format!("call of the host that {callback} may not make")
}

fn trap(callback: &str) -> String {
    format!("trap in {callback}")
}

const NO_ABI: &str = "no known version of the ABI";
const NO_ALLOCATOR: &str = "no allocator";
const VM_START: &str = "on_vm_start answered false";
const CONFIGURE: &str = "on_configure answered false";
