//! Callbacks that are called otherwise than they should be.

use super::{CallbackFault, signature::Signature};

/// A function `(func (export "NAME") (param …) (result i32) …`.
pub(super) struct Export<'a> {
    pub(super) name: &'a str,
    pub(super) signature: Signature<'a>,
}

impl<'a> Export<'a> {
    pub(super) fn of(text: &'a str) -> impl Iterator<Item = Self> {
        const START: &str = "(func (export \"";
        text.match_indices(START).filter_map(|(at, _)| {
            let name = text.get(at + START.len()..)?.split('"').next()?;
            let signature = Signature::after(text.get(at..)?, &format!("\"{name}\")"));
            let is_version = name.starts_with("proxy_abi_version");
            (!is_version).then_some(Self { name, signature })
        })
    }

    pub(super) fn faults(&self) -> impl Iterator<Item = CallbackFault> + use<> {
        let mut all = vec![CallbackFault::NotCalled, CallbackFault::CalledTwice];
        if self.signature.has_result {
            all.extend([0, 1].map(CallbackFault::AnswerTakenFor));
        }
        if matches!(self.name, "_initialize" | "_start" | "main") {
            all.push(CallbackFault::CalledUnasked);
        }
        all.extend((0..self.signature.params.len()).map(CallbackFault::ArgumentTooLarge));
        all.into_iter()
    }

    /// The export in its place.
    pub(super) fn broken(&self, fault: &CallbackFault) -> String {
        let own = format!("$own.{}", self.name);
        let call = |more| {
            self.signature.call(&own, |index, _| {
                if more == Some(index) {
                    format!("(i32.add (local.get {index}) (i32.const 1000))")
                } else {
                    format!("(local.get {index})")
                }
            })
        };
        let right = call(None);
        let has_result = self.signature.has_result;
        let body = match fault {
            CallbackFault::NotCalled => return String::new(),
            CallbackFault::CalledTwice if has_result => format!("(drop {right}) {right}"),
            CallbackFault::CalledTwice => format!("{right} {right}"),
            CallbackFault::AnswerTakenFor(answer) => {
                format!("(drop {right}) (i32.const {answer})")
            }
            CallbackFault::ArgumentTooLarge(index) => call(Some(*index)),
            CallbackFault::CalledUnasked => right.clone(),
        };
        let unasked = match fault {
            CallbackFault::CalledUnasked => {
                let zeros = self
                    .signature
                    .call(&own, |_, param| format!("({param}.const 0)"));
                let drop = if has_result { "(drop " } else { "(block " };
                format!("(func $unasked {drop}{zeros})) (start $unasked)\n")
            }
            _ => String::new(),
        };
        let signature = self.signature.text;
        format!(
            "{unasked}(func (export \"{}\") {signature} {body})\n",
            self.name
        )
    }
}

/// Puts `instructions` before what `guest` does in a callback; a callback of this signature is made
/// where there is none.
pub(super) fn precede(guest: &mut String, name: &str, signature: &str, instructions: &str) {
    let Some(export) = Export::of(guest).find(|export| export.name == name) else {
        let function =
            format!("(func (export \"{name}\") {signature} {instructions} (i32.const 0))\n");
        guest.push_str(&function);
        return;
    };
    let signature = export.signature.text;
    let own = export.signature.call(&format!("$own.{name}"), |index, _| {
        format!("(local.get {index})")
    });
    let function = format!("(func (export \"{name}\") {signature} {instructions} {own})\n");
    *guest = guest.replacen(
        &format!("(func (export \"{name}\")"),
        &format!("(func $own.{name}"),
        1,
    );
    guest.push_str(&function);
}
