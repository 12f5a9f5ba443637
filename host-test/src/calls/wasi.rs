//! WASI, as far as Envoy has it: no files, no arguments; lines of text go to the log.
//!
//! Answers are error numbers of WASI, under both names of the module.

mod answers;

use wasmtime::{Caller, Linker};

use super::call::{Call, Refusal, host_call};
use crate::abi::{HostCall, LogLevel, WASI_MODULES};
use crate::guest::{MemoryError, State, memory};

/// Adds everything that modules can import from `wasi_snapshot_preview1` and `wasi_unstable`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    for module in WASI_MODULES {
        linker.func_wrap(module, HostCall::FdWrite.name(), fd_write)?;
        linker.func_wrap(module, HostCall::FdFdstatGet.name(), fd_fdstat_get)?;
        linker.func_wrap(module, HostCall::EnvironGet.name(), environ_get)?;
        linker.func_wrap(module, HostCall::EnvironSizesGet.name(), environ_sizes_get)?;
        linker.func_wrap(module, HostCall::ArgsSizesGet.name(), args_sizes_get)?;
        linker.func_wrap(module, HostCall::ClockTimeGet.name(), clock_time_get)?;
        linker.func_wrap(module, HostCall::RandomGet.name(), random_get)?;
        linker.func_wrap(module, HostCall::PollOneoff.name(), poll_oneoff)?;
        linker.func_wrap(module, HostCall::ProcExit.name(), proc_exit)?;
        answers::add_to_linker(linker, module)?;
    }
    Ok(())
}

/// `__WASI_ERRNO_BADF`.
const BADF: u32 = 8;
/// `__WASI_ERRNO_FAULT`.
const FAULT: u32 = 21;
/// `__WASI_ERRNO_INVAL`.
const INVAL: u32 = 28;
/// `__WASI_ERRNO_NOTSUP`.
const NOTSUP: u32 = 58;

/// An error number of WASI.
struct Errno(u32);

impl From<MemoryError> for Errno {
    fn from(MemoryError: MemoryError) -> Self {
        Self(FAULT)
    }
}

fn wasi_call(
    caller: Caller<'_, State>,
    call: HostCall,
    body: impl FnOnce(&mut Call<'_>) -> Result<(), Errno>,
) -> wasmtime::Result<u32> {
    host_call(caller, call, None, |call| {
        body(call).map_err(|Errno(number)| Refusal::Code(number))
    })
}

/// Bytes of one line: a guest may say that one text stands there a million times.
const TEXT_MAX_BYTES: usize = 16 << 20;

/// Standard output is logged as info, standard error as error.
fn fd_write(
    caller: Caller<'_, State>,
    fd: u32,
    vectors: u32,
    vectors_len: u32,
    written_at: u32,
) -> wasmtime::Result<u32> {
    wasi_call(caller, HostCall::FdWrite, |call| {
        call.note_number("fd", fd);
        let level = match fd {
            1 => LogLevel::Info,
            2 => LogLevel::Error,
            _ => return Err(Errno(BADF)),
        };
        let (memory, state) = call.split()?;
        let text = gather(memory, vectors, vectors_len)?;
        let line = text.strip_suffix(b"\n").unwrap_or(&text);
        if !text.is_empty() {
            state.log(level, line);
        }
        let written = u32::try_from(text.len()).map_err(|_| MemoryError)?;
        Ok(memory::write(memory, written_at, &written.to_le_bytes())?)
    })
}

/// The texts that these vectors name, one behind the other.
fn gather(memory: &[u8], vectors: u32, vectors_len: u32) -> Result<Vec<u8>, MemoryError> {
    const VECTOR_BYTES: u32 = 8;
    let mut text = Vec::new();
    for index in 0..vectors_len {
        let offset = index.checked_mul(VECTOR_BYTES).ok_or(MemoryError)?;
        let at = vectors.checked_add(offset).ok_or(MemoryError)?;
        let at_len = at.checked_add(4).ok_or(MemoryError)?;
        let (start, len) = (word(memory, at)?, word(memory, at_len)?);
        if len == 0 {
            continue;
        }
        let part = memory::read(memory, start, len)?;
        if text.len() + part.len() > TEXT_MAX_BYTES {
            return Err(MemoryError);
        }
        text.extend_from_slice(part);
    }
    Ok(text)
}

fn word(memory: &[u8], at: u32) -> Result<u32, MemoryError> {
    let bytes = memory::read(memory, at, 4)?;
    let bytes = bytes.try_into().map_err(|_| MemoryError)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Says that standard output and standard error can be written; if that cannot be said, nobody
/// hears of it.
fn fd_fdstat_get(caller: Caller<'_, State>, fd: u32, stat_at: u32) -> wasmtime::Result<u32> {
    /// `__WASI_RIGHTS_FD_WRITE`, in the second of three words of 64 bits.
    const STAT: [u64; 3] = [0, 64, 0];
    wasi_call(caller, HostCall::FdFdstatGet, |call| {
        call.note_number("fd", fd);
        if !matches!(fd, 1 | 2) {
            return Err(Errno(BADF));
        }
        let (memory, _) = call.split()?;
        let stat: Vec<u8> = STAT.iter().flat_map(|word| word.to_le_bytes()).collect();
        // As in Envoy, the answer is the same.
        let _ = memory::write(memory, stat_at, &stat);
        Ok(())
    })
}

fn environ_get(caller: Caller<'_, State>, array_at: u32, text_at: u32) -> wasmtime::Result<u32> {
    const POINTER_BYTES: u32 = 4;
    wasi_call(caller, HostCall::EnvironGet, |call| {
        let (memory, state) = call.split()?;
        let (mut array_at, mut text_at) = (array_at, text_at);
        for (name, value) in &state.config.environment {
            memory::write(memory, array_at, &text_at.to_le_bytes())?;
            let text = format!("{name}={value}\0");
            memory::write(memory, text_at, text.as_bytes())?;
            // Within memory, so neither can wrap: the text was just written there.
            text_at = text_at.wrapping_add(u32::try_from(text.len()).map_err(|_| MemoryError)?);
            array_at = array_at.wrapping_add(POINTER_BYTES);
        }
        Ok(())
    })
}

fn environ_sizes_get(
    caller: Caller<'_, State>,
    count_at: u32,
    bytes_at: u32,
) -> wasmtime::Result<u32> {
    /// The equals sign and the zero byte.
    const FIXED_BYTES: usize = 2;
    wasi_call(caller, HostCall::EnvironSizesGet, |call| {
        let (memory, state) = call.split()?;
        let all = &state.config.environment;
        let bytes = |(name, value): &(String, String)| name.len() + value.len() + FIXED_BYTES;
        write_size(memory, count_at, all.len())?;
        write_size(memory, bytes_at, all.iter().map(bytes).sum())
    })
}

fn args_sizes_get(
    caller: Caller<'_, State>,
    count_at: u32,
    bytes_at: u32,
) -> wasmtime::Result<u32> {
    wasi_call(caller, HostCall::ArgsSizesGet, |call| {
        let (memory, _) = call.split()?;
        write_size(memory, count_at, 0)?;
        write_size(memory, bytes_at, 0)
    })
}

fn write_size(memory: &mut [u8], at: u32, size: usize) -> Result<(), Errno> {
    let size = u32::try_from(size).map_err(|_| MemoryError)?;
    Ok(memory::write(memory, at, &size.to_le_bytes())?)
}

/// Two of WASI's clocks: the wall clock and the monotonic one.
fn clock_time_get(
    caller: Caller<'_, State>,
    clock: u32,
    _precision: u64,
    time_at: u32,
) -> wasmtime::Result<u32> {
    wasi_call(caller, HostCall::ClockTimeGet, |call| {
        call.note_number("clock", clock);
        let (memory, state) = call.split()?;
        let nanos = match clock {
            0 => state.shared.clock.unix_nanos(),
            1 => state.shared.clock.monotonic_nanos(),
            _ => return Err(Errno(NOTSUP)),
        };
        memory::write(memory, time_at, &nanos.to_le_bytes())?;
        call.note_number("nanoseconds", nanos);
        Ok(())
    })
}

/// No bytes can be written anywhere.
fn random_get(caller: Caller<'_, State>, bytes_at: u32, len: u32) -> wasmtime::Result<u32> {
    /// `PROXY_WASM_HOST_WASI_RANDOM_GET_MAX_SIZE_BYTES`.
    const MAX_BYTES: usize = 64 * 1024;
    wasi_call(caller, HostCall::RandomGet, |call| {
        call.note_number("len", len);
        let len = usize::try_from(len).map_err(|_| MemoryError)?;
        if len > MAX_BYTES {
            return Err(Errno(INVAL));
        }
        if len == 0 {
            return Ok(());
        }
        let (memory, state) = call.split()?;
        let mut bytes = vec![0; len];
        state.shared.random.fill(&mut bytes);
        Ok(memory::write(memory, bytes_at, &bytes)?)
    })
}

/// Nothing ever happens.
fn poll_oneoff(
    caller: Caller<'_, State>,
    _subscriptions: u32,
    _events: u32,
    _count: u32,
    events_len_at: u32,
) -> wasmtime::Result<u32> {
    wasi_call(caller, HostCall::PollOneoff, |call| {
        let (memory, _) = call.split()?;
        write_size(memory, events_len_at, 0)
    })
}

/// The guest does not end.
fn proc_exit(caller: Caller<'_, State>, code: u32) -> wasmtime::Result<()> {
    wasi_call(caller, HostCall::ProcExit, |call| {
        call.note_number("code", code);
        Ok(())
    })?;
    Ok(())
}
