//! How a guest ends when it does not return.

use std::fmt;

use crate::abi::Callback;

/// A guest that did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What the host had called.
    pub callback: Callback,
    /// Why.
    pub reason: TrapReason,
    /// Functions of the guest, the innermost first; names where the module has them.
    pub backtrace: Vec<String>,
}

/// Why a guest did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrapReason {
    /// It used up its fuel.
    OutOfFuel,
    /// It recursed too deeply.
    StackOverflow,
    /// It called the host where that is not allowed: while it starts, or while it allocates.
    RestrictedCall(&'static str),
    /// It called an import that the host does not have and was told to stub.
    Stub(String),
    /// It did what ends Envoy itself, and every other guest with it.
    EndsEnvoy(&'static str),
    /// Anything else, in the words of wasmtime.
    Wasm(String),
}

impl TrapReason {
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::OutOfFuel) => Self::OutOfFuel,
            Some(wasmtime::Trap::StackOverflow) => Self::StackOverflow,
            Some(trap) => Self::Wasm(trap.to_string()),
            None => match error.downcast_ref::<HostTrap>() {
                Some(HostTrap(reason)) => reason.clone(),
                None => Self::Wasm(format!("{error:#}")),
            },
        }
    }
}

impl fmt::Display for TrapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfFuel => f.write_str("used up its fuel: an endless loop?"),
            Self::StackOverflow => f.write_str("recursed too deeply"),
            Self::RestrictedCall(name) => {
                write!(f, "called {name} where Envoy does not allow it")
            }
            Self::Stub(name) => write!(f, "called {name}, which is only a stub"),
            Self::EndsEnvoy(why) => write!(f, "ends Envoy itself: {why}"),
            Self::Wasm(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.callback.name(), self.reason)?;
        for (depth, function) in self.backtrace.iter().enumerate() {
            let arrow = if depth == 0 { ", in" } else { " ←" };
            write!(f, "{arrow} {function}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Trap {}

/// Functions of a backtrace that are kept, from the innermost.
const BACKTRACE_MAX: usize = 16;

impl Trap {
    pub(super) fn new(callback: Callback, error: &wasmtime::Error) -> Self {
        let frames = error.downcast_ref::<wasmtime::WasmBacktrace>();
        let name = |frame: &wasmtime::FrameInfo| match frame.func_name() {
            Some(name) => name.to_owned(),
            None => format!("function {}", frame.func_index()),
        };
        let frames = frames
            .map(wasmtime::WasmBacktrace::frames)
            .unwrap_or_default();
        Self {
            callback,
            reason: TrapReason::of(error),
            backtrace: frames.iter().take(BACKTRACE_MAX).map(name).collect(),
        }
    }
}

/// A trap that the host makes.
#[derive(Clone, Debug)]
pub(crate) struct HostTrap(pub(crate) TrapReason);

impl fmt::Display for HostTrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for HostTrap {}
