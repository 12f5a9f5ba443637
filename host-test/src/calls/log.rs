//! Log lines.

use wasmtime::{Caller, Linker};

use super::call::{At, host_call};
use crate::abi::{AbiVersion, HostCall, LogLevel, Status};
use crate::guest::State;
use crate::shared::LogLine;

/// Adds `proxy_log`, and `proxy_get_log_level` where the version has it.
pub(crate) fn add_to_linker(linker: &mut Linker<State>, abi: AbiVersion) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::Log.name(), log)?;
    if HostCall::GetLogLevel.is_in(abi) {
        linker.func_wrap("env", HostCall::GetLogLevel.name(), get_log_level)?;
    }
    Ok(())
}

fn log(caller: Caller<'_, State>, level: u32, text: u32, len: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::Log, None, |call| {
        let level = LogLevel::from_code(level).ok_or(Status::BadArgument)?;
        call.note_number("level", level.code());
        let text = call.read("text", At(text, len))?;
        call.state().log(level, &text);
        Ok(())
    })
}

fn get_log_level(caller: Caller<'_, State>, level_at: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetLogLevel, None, |call| {
        let level = call.state().shared.log.level();
        call.write_u32("level", level_at, level.code())
    })
}

impl State {
    /// Writes a line of the guest, unless the log leaves out this level.
    pub(crate) fn log(&mut self, level: LogLevel, text: &[u8]) {
        if level < self.shared.log.level() {
            return;
        }
        self.shared.log.write(LogLine {
            thread: self.thread,
            level,
            plugin: self.log_prefix(),
            text: String::from_utf8_lossy(text).into_owned(),
        });
    }

    /// Writes a line of the host about the guest.
    pub(crate) fn log_by_host(&mut self, text: String) {
        self.shared.log.write(LogLine {
            thread: self.thread,
            level: LogLevel::Error,
            plugin: String::new(),
            text,
        });
    }
}
