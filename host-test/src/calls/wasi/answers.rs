//! Functions of WASI that do nothing but answer.

use wasmtime::{FuncType, Linker, Val, ValType};

use super::{BADF, Errno, NOTSUP, wasi_call};
use crate::abi::{HostCall, ValueType};
use crate::guest::State;

/// Adds them under this name of the module.
pub(super) fn add_to_linker(linker: &mut Linker<State>, module: &str) -> wasmtime::Result<()> {
    ANSWERS
        .iter()
        .try_for_each(|(call, errno)| add_answer(linker, module, *call, *errno))
}

/// `__WASI_ERRNO_EXIST`; Envoy means that it is no directory.
const EXIST: u32 = 20;
/// `__WASI_ERRNO_NOENT`.
const NOENT: u32 = 44;
/// `__WASI_ERRNO_NOSYS`.
const NOSYS: u32 = 52;

/// What each of them answers.
const ANSWERS: &[(HostCall, u32)] = &[
    (HostCall::FdRead, NOSYS),
    (HostCall::FdSeek, 0),
    (HostCall::FdClose, 0),
    (HostCall::FdPrestatGet, BADF),
    (HostCall::FdPrestatDirName, NOSYS),
    (HostCall::FdFdstatSetFlags, NOSYS),
    (HostCall::FdFdstatSetRights, 0),
    (HostCall::FdAdvise, 0),
    (HostCall::FdAllocate, 0),
    (HostCall::FdDatasync, 0),
    (HostCall::FdFilestatGet, BADF),
    (HostCall::FdFilestatSetSize, 0),
    (HostCall::FdFilestatSetTimes, 0),
    (HostCall::FdPread, NOSYS),
    (HostCall::FdPwrite, 0),
    (HostCall::FdReaddir, EXIST),
    (HostCall::FdRenumber, NOTSUP),
    (HostCall::FdSync, 0),
    (HostCall::FdTell, 0),
    (HostCall::PathOpen, NOENT),
    (HostCall::PathCreateDirectory, NOTSUP),
    (HostCall::PathFilestatGet, NOTSUP),
    (HostCall::PathFilestatSetTimes, NOTSUP),
    (HostCall::PathLink, NOTSUP),
    (HostCall::PathReadlink, NOTSUP),
    (HostCall::PathRemoveDirectory, NOTSUP),
    (HostCall::PathRename, NOTSUP),
    (HostCall::PathSymlink, NOTSUP),
    (HostCall::PathUnlinkFile, NOTSUP),
    (HostCall::SchedYield, 0),
    (HostCall::ArgsGet, 0),
    (HostCall::ClockResGet, 0),
    (HostCall::SockAccept, NOTSUP),
    (HostCall::SockRecv, NOTSUP),
    (HostCall::SockSend, NOTSUP),
    (HostCall::SockShutdown, NOTSUP),
];

fn add_answer(
    linker: &mut Linker<State>,
    module: &str,
    call: HostCall,
    errno: u32,
) -> wasmtime::Result<()> {
    let params = call.signature().params.iter().map(|param| match param {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    });
    let signature = FuncType::new(linker.engine(), params, [ValType::I32]);
    linker.func_new(module, call.name(), signature, move |caller, _, results| {
        let code = wasi_call(caller, call, |_| match errno {
            0 => Ok(()),
            errno => Err(Errno(errno)),
        })?;
        if let Some(result) = results.first_mut() {
            *result = Val::I32(code.cast_signed());
        }
        Ok(())
    })?;
    Ok(())
}
