//! Broken host functions.

use super::{
    CallFault,
    semantic::{self, SEMANTIC},
    signature::Signature,
};
use crate::conformance::assemble::{IMPORTS, words};

/// A line `(import "MODULE" "NAME" (func $ID (param …) (result i32)))`.
pub(super) struct Import<'a> {
    module: &'a str,
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) signature: Signature<'a>,
}

impl<'a> Import<'a> {
    /// The host functions that a text calls, from its own imports and from the common table.
    pub(super) fn called_by(text: &'a str) -> impl Iterator<Item = Import<'a>> {
        let lines = text.lines().chain(IMPORTS.lines());
        lines.filter_map(Self::parse).filter(|import| {
            let call = format!("(call {}", import.id);
            text.match_indices(&call)
                .any(|(at, _)| !is_word(text, at + call.len()))
        })
    }

    fn parse(line: &'a str) -> Option<Self> {
        let mut quoted = line.strip_prefix("(import \"")?.split('"');
        let (module, name) = (quoted.next()?, quoted.nth(1)?);
        let id = words(line).next()?;
        let signature = Signature::after(line, id);
        Some(Self {
            module,
            name,
            id,
            signature,
        })
    }

    pub(super) fn host_id(&self) -> String {
        format!("$host.{}", self.id.trim_start_matches('$'))
    }

    pub(super) fn faults(&self) -> impl Iterator<Item = CallFault> + use<> {
        let semantic = SEMANTIC
            .iter()
            .filter(|(name, ..)| *name == self.name)
            .map(|(_, what, _)| CallFault::Semantic(what));
        let mut all: Vec<_> = semantic.collect();
        if self.signature.has_result {
            all.extend([
                CallFault::DoesNothing(0),
                CallFault::DoesNothing(10),
                CallFault::AnswersWrongly,
                CallFault::NeverRefuses,
                CallFault::IgnoresBadPointers,
            ]);
        }
        if WRITERS.iter().any(|part| self.name.contains(part)) {
            all.extend([
                CallFault::WritesNothing,
                CallFault::WritesMore,
                CallFault::WritesWhenItRefuses,
            ]);
        }
        if !self.signature.has_result {
            all.push(CallFault::Traps);
        }
        all.push(CallFault::DoesItTwice);
        all.extend((0..self.signature.params.len()).map(CallFault::IgnoresArgument));
        all.into_iter()
    }

    /// The function in its place.
    pub(super) fn broken(&self, fault: &CallFault) -> String {
        let call = |ignored| {
            self.signature.call(&self.host_id(), |index, param| {
                if ignored == Some(index) {
                    format!("({param}.const 0)")
                } else {
                    format!("(local.get {index})")
                }
            })
        };
        let right = call(None);
        // WASI has numbers of its own.
        let bad_pointer = if self.module.starts_with("wasi") {
            21
        } else {
            6
        };
        let body = match fault {
            CallFault::DoesNothing(answer) => format!("(i32.const {answer})"),
            CallFault::AnswersWrongly => format!("(i32.xor {right} (i32.const 1))"),
            CallFault::NeverRefuses => format!("(drop {right}) (i32.const 0)"),
            CallFault::IgnoresBadPointers => format!(
                "(local $answer i32) (local.set $answer {right})
                 (select (i32.const 0) (local.get $answer)
                   (i32.eq (local.get $answer) (i32.const {bad_pointer})))"
            ),
            CallFault::IgnoresArgument(index) => call(Some(*index)),
            CallFault::DoesItTwice if self.signature.has_result => {
                format!("(drop {right}) {right}")
            }
            CallFault::DoesItTwice => format!("{right} {right}"),
            CallFault::Traps => "(unreachable)".to_owned(),
            CallFault::WritesNothing => {
                format!("(drop {right}) {FORGET} (i32.const 0)")
            }
            CallFault::WritesMore => format!(
                "(local $answer i32) (local.set $answer {right}) {MORE} (local.get $answer)"
            ),
            CallFault::WritesWhenItRefuses => format!(
                "(local $answer i32) (local.set $answer {right})
                 (if (local.get $answer)
                   (then (memory.fill (i32.const 16) (i32.const 0) (i32.const 24))))
                 (local.get $answer)"
            ),
            CallFault::Semantic(what) => SEMANTIC
                .iter()
                .find(|(name, other, _)| *name == self.name && other == what)
                .map(|(_, _, body)| body.replace("$right", &self.host_id()))
                .unwrap_or_default(),
        };
        format!(
            "{}(func {} {} {body})\n",
            semantic::helpers(&body),
            self.id,
            self.signature.text
        )
    }
}

/// Parts of the names of functions that write into the memory of the guest.
const WRITERS: &[&str] = &[
    "get",
    "define",
    "register",
    "resolve",
    "dequeue",
    "http_call",
    "grpc_call",
    "grpc_stream",
    "foreign",
    "fd_write",
    "poll_oneoff",
];

/// The cells of the prelude, filled as before a check.
const FORGET: &str = "(memory.fill (i32.const 16) (i32.const 0xee) (i32.const 24))";

/// Each cell that was written, one more; of bytes, the length.
const MORE: &str = "
    (if (i32.ne (i32.load (i32.const 20)) (i32.const 0xeeeeeeee))
      (then (i32.store (i32.const 20) (i32.add (i32.load (i32.const 20)) (i32.const 1)))))
    (if (i32.ne (i32.load (i32.const 24)) (i32.const 0xeeeeeeee))
      (then (i32.store (i32.const 24) (i32.add (i32.load (i32.const 24)) (i32.const 1)))))
    (if (i64.ne (i64.load (i32.const 32)) (i64.const 0xeeeeeeeeeeeeeeee))
      (then (i64.store (i32.const 32) (i64.add (i64.load (i32.const 32)) (i64.const 1)))))
";

/// Whether a word goes on at `at`.
fn is_word(text: &str, at: usize) -> bool {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    next.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
}
