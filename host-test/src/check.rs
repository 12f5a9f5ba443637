//! What can be said of a module without running it: does it fit the ABI, and how big is it?

mod problem;
mod read;

pub use problem::Problem;

use std::collections::BTreeSet;

use crate::abi::{AbiVersion, Callback, HostCall, Results, ValueType};

use read::{Function, Read};

/// What a module must keep to beyond the ABI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Imports that are allowed, as `proxy_log` or `env.proxy_log`; all if none.
    pub imports: Option<BTreeSet<String>>,
    /// The most bytes of the file.
    pub size_max_bytes: Option<u64>,
    /// The most bytes of memory at the beginning.
    pub memory_max_bytes: Option<u64>,
}

/// What a module is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The version of the ABI that it names.
    pub abi: Option<AbiVersion>,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Bytes of memory at the beginning.
    pub memory_bytes: u64,
    /// Imports in their order, as `env.proxy_log`.
    pub imports: Vec<String>,
    /// Callbacks that it exports. Envoy calls every one of them, needed or not.
    pub callbacks: Vec<Callback>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Looks at a module, binary or text.
#[must_use]
pub fn check(module: &[u8], rules: &Rules) -> Findings {
    let mut findings = Findings::default();
    let binary = match wat::parse_bytes(module) {
        Ok(binary) => binary,
        Err(error) => {
            let reason = first_line(&error.to_string());
            let reason = format!("neither a binary module nor the text of one: {reason}");
            findings.problems.push(Problem::NoModule(reason));
            return findings;
        }
    };
    findings.size_bytes = as_u64(binary.len());
    if let Some(max) = rules
        .size_max_bytes
        .filter(|max| findings.size_bytes > *max)
    {
        findings.problems.push(Problem::Size {
            bytes: findings.size_bytes,
            max,
        });
    }
    match read::read(&binary) {
        Ok(read) => look(&read, rules, &mut findings),
        Err(reason) => findings
            .problems
            .push(Problem::NoModule(first_line(&reason))),
    }
    findings
}

fn look(read: &Read, rules: &Rules, findings: &mut Findings) {
    let named = |version: &AbiVersion| read.exports.contains_key(version.export());
    findings.abi = AbiVersion::ALL.into_iter().rev().find(named);
    if findings.abi.is_none() {
        findings.problems.push(Problem::NoAbi);
    }
    look_at_imports(read, rules, findings);
    for callback in Callback::ALL {
        let Some(function) = read.exports.get(callback.name()) else {
            continue;
        };
        findings.callbacks.push(*callback);
        let wanted = signature(*callback, findings.abi);
        if *function != wanted {
            let (name, found) = (callback.name().to_owned(), function.clone());
            findings.problems.push(Problem::CallbackSignature {
                name,
                wanted,
                found,
            });
        }
    }
    let allocators = [Callback::MemoryAllocate, Callback::Malloc];
    if !allocators
        .iter()
        .any(|allocator| findings.callbacks.contains(allocator))
    {
        findings.problems.push(Problem::NoAllocator);
    }
    match read.memory_bytes {
        None => findings.problems.push(Problem::NoMemory),
        Some(bytes) => {
            findings.memory_bytes = bytes;
            if let Some(max) = rules.memory_max_bytes.filter(|max| bytes > *max) {
                findings.problems.push(Problem::Memory { bytes, max });
            }
        }
    }
}

fn look_at_imports(read: &Read, rules: &Rules, findings: &mut Findings) {
    // Without a version, the newest one tells most.
    let abi = findings.abi.unwrap_or(AbiVersion::V0_2_1);
    for import in &read.imports {
        let full = format!("{}.{}", import.module, import.name);
        findings.imports.push(full.clone());
        let allowed = rules.imports.as_ref();
        if allowed.is_some_and(|names| !names.contains(&full) && !names.contains(&import.name)) {
            findings
                .problems
                .push(Problem::ImportNotAllowed(full.clone()));
        }
        let Some(function) = &import.function else {
            // Envoy gives tables and memories, but what then reads them is not what it exports.
            findings.problems.push(Problem::ImportKind(full));
            continue;
        };
        let Some(call) = HostCall::find(abi, &import.module, &import.name) else {
            let version = AbiVersion::ALL
                .into_iter()
                .find(|version| HostCall::find(*version, &import.module, &import.name).is_some());
            findings.problems.push(Problem::UnknownImport {
                name: full,
                abi,
                version,
            });
            continue;
        };
        let signature = call.signature();
        let results = if signature.has_status {
            vec![ValueType::I32]
        } else {
            Vec::new()
        };
        let host = Function::new(signature.params, &results);
        if host != *function {
            let found = function.clone();
            findings.problems.push(Problem::ImportSignature {
                name: full,
                found,
                host,
            });
        }
    }
}

/// What Envoy takes a callback for.
fn signature(callback: Callback, abi: Option<AbiVersion>) -> Function {
    let old = abi == Some(AbiVersion::V0_1_0);
    let params = match callback {
        // The third argument came with 0.2.0.
        Callback::RequestHeaders | Callback::ResponseHeaders if old => 2,
        other => other.params(),
    };
    let results: &[ValueType] = match callback.results() {
        Results::None => &[],
        Results::Word => &[ValueType::I32],
    };
    Function::new(&vec![ValueType::I32; params], results)
}

fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let reason = lines.next().unwrap_or_default().to_owned();
    match lines.find_map(|line| line.strip_prefix("--> ")) {
        Some(place) => format!("{reason} (at {})", place.trim_start_matches("<anon>:")),
        None => reason,
    }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
