//! Deliberately broken hosts, for seeing every check fail.
//!
//! A host is broken by what is put between it and a guest: a function of the same name that changes
//! the arguments or the answers of a host function, or calls a callback otherwise than the host
//! does. So any host can be broken, and its own code knows nothing of it.

mod call;
mod callback;
mod semantic;
mod signature;

use std::fmt;

use anyhow::{Context, Result};

use self::{call::Import, callback::Export};
use super::{Guest, Stage, assemble::is_whole_module};
use crate::config::FailurePolicy;

/// One way in which a host is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breakage {
    /// A host function, by its name in the module that imports it.
    Call(String, CallFault),
    /// A callback, by its name.
    Callback(String, CallbackFault),
    /// The host loads modules that it should refuse.
    LoadsAnything,
    /// The host goes on after a trap.
    ForgivesTraps,
    /// The host ignores FAIL_OPEN; not by its module, but by what its plugin says.
    FailsClosed,
    /// The host puts a header of its own into what passes this callback.
    AddsHeader(&'static str),
    /// The host closes connections as soon as they have come.
    ClosesConnections,
}

/// What is wrong with a host function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallFault {
    /// It does nothing and answers this.
    DoesNothing(u32),
    /// It does what it should and answers something else.
    AnswersWrongly,
    /// It answers Ok in place of every refusal.
    NeverRefuses,
    /// It answers Ok where a pointer is bad.
    IgnoresBadPointers,
    /// It takes an argument, counted from 0, for 0.
    IgnoresArgument(usize),
    /// It does everything twice.
    DoesItTwice,
    /// It answers Ok and leaves what it should write as it is.
    WritesNothing,
    /// What it writes is one more, or one longer.
    WritesMore,
    /// It writes zeros although it refuses.
    WritesWhenItRefuses,
    /// It ends the guest.
    Traps,
    /// It does something else, one of a table.
    Semantic(&'static str),
}

/// What is wrong with a callback.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallbackFault {
    /// It is not called.
    NotCalled,
    /// It is called twice.
    CalledTwice,
    /// What it answers is taken for this.
    AnswerTakenFor(u32),
    /// It is called when the module is instantiated, too.
    CalledUnasked,
    /// An argument, counted from 0, is too large.
    ArgumentTooLarge(usize),
}

impl Breakage {
    pub(super) fn all_for(guest: &Guest) -> Vec<Self> {
        if is_whole_module(guest.source) {
            return vec![Self::LoadsAnything];
        }
        let mut all = Vec::new();
        for import in Import::called_by(guest.source) {
            let faults = import.faults();
            all.extend(faults.map(|fault| Self::Call(import.name.to_owned(), fault)));
        }
        for export in Export::of(guest.source) {
            let faults = export.faults();
            all.extend(faults.map(|fault| Self::Callback(export.name.to_owned(), fault)));
        }
        match guest.stage {
            Stage::Refused => all.push(Self::LoadsAnything),
            Stage::Http(_) => all.extend(HEADER_CALLBACKS.map(Self::AddsHeader)),
            Stage::Connection(_) => all.push(Self::ClosesConnections),
            Stage::Root => {}
        }
        if guest.source.contains(TRAP) {
            all.push(Self::ForgivesTraps);
        }
        if guest.setup.policy == FailurePolicy::FailOpen {
            all.push(Self::FailsClosed);
        }
        all
    }

    /// Puts itself between the host and the guest.
    pub(super) fn apply(&self, imports: &mut String, guest: &mut String) -> Result<()> {
        match self {
            Self::Call(name, fault) => {
                let both = format!("{imports}\n{guest}");
                let import = Import::called_by(&both).find(|import| import.name == name);
                let import = import.with_context(|| format!("the guest does not call {name}"))?;
                let function = import.broken(fault);
                let (from, to) = (
                    format!("(func {} ", import.id),
                    format!("(func {} ", import.host_id()),
                );
                for text in [imports, &mut *guest] {
                    *text = in_imports(text, &from, &to);
                }
                guest.push_str(&function);
            }
            Self::Callback(name, fault) => {
                let export = Export::of(guest).find(|export| export.name == name);
                let export = export.with_context(|| format!("the guest has no {name}"))?;
                let function = export.broken(fault);
                let (from, to) = (
                    format!("(func (export \"{name}\")"),
                    format!("(func $own.{name}"),
                );
                *guest = guest.replacen(&from, &to, 1);
                guest.push_str(&function);
            }
            Self::LoadsAnything => guest.clear(),
            Self::FailsClosed => {}
            Self::ForgivesTraps => *guest = guest.replace(TRAP, "(return (i32.const 0))"),
            Self::AddsHeader(callback) => {
                let map = i32::from(*callback == RESPONSE_HEADERS) * 2;
                let add = format!(
                    "(drop (call $proxy_add_header_map_value (i32.const {map}) (str \"x-broken\") (str \"1\")))"
                );
                callback::precede(guest, callback, "(param i32 i32 i32) (result i32)", &add);
            }
            Self::ClosesConnections => {
                let close = "(drop (call $proxy_close_stream (i32.const 2)))";
                callback::precede(
                    guest,
                    "proxy_on_new_connection",
                    "(param i32) (result i32)",
                    close,
                );
            }
        }
        Ok(())
    }
}

impl fmt::Display for Breakage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(name, fault) => {
                write!(f, "{name} ")?;
                match fault {
                    CallFault::DoesNothing(answer) => write!(f, "does nothing, answers {answer}"),
                    CallFault::AnswersWrongly => f.write_str("answers wrongly"),
                    CallFault::NeverRefuses => f.write_str("never refuses"),
                    CallFault::IgnoresBadPointers => f.write_str("takes bad pointers"),
                    CallFault::IgnoresArgument(index) => write!(f, "ignores argument {index}"),
                    CallFault::DoesItTwice => f.write_str("does it twice"),
                    CallFault::Traps => f.write_str("ends the guest"),
                    CallFault::WritesNothing => f.write_str("writes no result"),
                    CallFault::WritesMore => f.write_str("writes a wrong result"),
                    CallFault::WritesWhenItRefuses => f.write_str("writes although it refuses"),
                    CallFault::Semantic(what) => write!(f, "is wrong: {what}"),
                }
            }
            Self::Callback(name, fault) => match fault {
                CallbackFault::NotCalled => write!(f, "{name} is not called"),
                CallbackFault::CalledTwice => write!(f, "{name} is called twice"),
                CallbackFault::CalledUnasked => write!(f, "{name} is called unasked"),
                CallbackFault::AnswerTakenFor(answer) => {
                    write!(f, "the answer of {name} is taken for {answer}")
                }
                CallbackFault::ArgumentTooLarge(index) => {
                    write!(f, "argument {index} of {name} is too large")
                }
            },
            Self::LoadsAnything => f.write_str("the host loads anything"),
            Self::ForgivesTraps => f.write_str("the host goes on after a trap"),
            Self::AddsHeader(callback) => write!(f, "the host adds a header before {callback}"),
            Self::ClosesConnections => f.write_str("the host closes connections"),
            Self::FailsClosed => f.write_str("the host fails closed"),
        }
    }
}

const RESPONSE_HEADERS: &str = "proxy_on_response_headers";
const HEADER_CALLBACKS: [&str; 2] = ["proxy_on_request_headers", RESPONSE_HEADERS];

/// How guests trap.
const TRAP: &str = "(unreachable)";

/// `text` with `to` in place of `from`, in lines of imports alone.
fn in_imports(text: &str, from: &str, to: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = match line.starts_with("(import") {
            true => line.replacen(from, to, 1),
            false => line.to_owned(),
        };
        line + "\n"
    });
    lines.collect()
}
