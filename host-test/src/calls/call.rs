//! One host call: its arguments in the memory of the guest, its answer, its trace.

use wasmtime::{AsContextMut, Caller};

use crate::abi::{HostCall, Status};
use crate::guest::{HostTrap, MemoryError, State, TrapReason, memory};
use crate::hook::{CallInfo, Injection};
use crate::trace::{TraceEntry, TraceEvent, Value};

/// Why a host call did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The guest gets this number: a status of the ABI, or an error number of WASI.
    Code(u32),
    /// The guest ends here.
    Trap(wasmtime::Error),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Code(status.code())
    }
}

impl From<MemoryError> for Refusal {
    fn from(MemoryError: MemoryError) -> Self {
        Status::InvalidMemoryAccess.into()
    }
}

impl From<TrapReason> for Refusal {
    fn from(reason: TrapReason) -> Self {
        Self::Trap(wasmtime::Error::new(HostTrap(reason)))
    }
}

/// Where the guest says that something lies: pointer and length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(pub(crate) u32, pub(crate) u32);

/// A host call under way.
pub(crate) struct Call<'a> {
    caller: Caller<'a, State>,
    injection: Injection,
    traced: Option<Vec<(&'static str, Value)>>,
}

/// Makes a host call: asks whether it is allowed, lets the hook see it, runs `body`, traces it.
/// `key` is what the call is about.
pub(crate) fn host_call(
    mut caller: Caller<'_, State>,
    call: HostCall,
    key: Option<At>,
    body: impl FnOnce(&mut Call<'_>) -> Result<(), Refusal>,
) -> wasmtime::Result<u32> {
    let state = caller.data_mut();
    state.shared.counts.count_host_call(call);
    if let Some(count) = state.host_calls.get_mut(usize::from(call as u8)) {
        *count += 1;
    }
    let is_restricted = state
        .restricted
        .is_some_and(|allowed| !allowed.contains(&call));
    let is_traced = state.shared.trace.is_on();
    let injection = match is_restricted {
        true => Injection::None,
        false => ask_hook(&mut caller, call, key),
    };
    let mut under_way = Call {
        caller,
        injection,
        traced: is_traced.then(Vec::new),
    };
    let answer = match is_restricted {
        true => Err(Refusal::from(TrapReason::RestrictedCall(call.name()))),
        false => under_way.run(call, body),
    };
    let answer = match answer {
        Ok(()) => Ok(Status::Ok.code()),
        Err(Refusal::Code(code)) => Ok(code),
        Err(Refusal::Trap(trap)) => Err(trap),
    };
    under_way.finish(call, answer)
}

fn ask_hook(caller: &mut Caller<'_, State>, call: HostCall, key: Option<At>) -> Injection {
    let state = caller.data();
    let Some(hook) = state.shared.hook() else {
        return Injection::None;
    };
    let (thread, vm) = (state.thread, state.vm);
    let key = key.and_then(|At(at, len)| Some(bytes_at(caller, at, len).ok()?.to_vec()));
    hook.before(&CallInfo {
        thread,
        vm,
        call,
        key: key.unwrap_or_default(),
    })
}

impl Call<'_> {
    fn run(
        &mut self,
        call: HostCall,
        body: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.charge(FUEL_PER_CALL).map_err(Refusal::Trap)?;
        if self.injection != Injection::None && self.traced.is_some() {
            let words = format!("{:?}", self.injection).into_bytes();
            self.note("injected", Value::Bytes(words));
        }
        match self.injection {
            Injection::Status(status) => Err(status.into()),
            _ if self.is_forbidden(call) => Err(self.refuse_capability(call)),
            _ => body(self),
        }
    }

    /// What the host knows of this VM.
    pub(crate) fn state(&mut self) -> &mut State {
        self.caller.data_mut()
    }

    /// The memory of the guest, and what the host knows of the VM.
    pub(crate) fn split(&mut self) -> Result<(&mut [u8], &mut State), MemoryError> {
        let memory = self.caller.data().memory.ok_or(MemoryError)?;
        Ok(memory.data_and_store_mut(&mut self.caller))
    }

    /// Takes fuel for what the host does: a loop around host calls would come to its end, by its
    /// own instructions alone, after hours.
    pub(crate) fn charge(&mut self, fuel: u64) -> wasmtime::Result<()> {
        let left = self.caller.get_fuel()?;
        self.caller.set_fuel(left.saturating_sub(fuel))
    }

    /// The bytes there, noted in the trace under `name`.
    pub(crate) fn read(&mut self, name: &'static str, at: At) -> Result<Vec<u8>, Refusal> {
        let bytes = bytes_at(&mut self.caller, at.0, at.1)?.to_vec();
        self.charge(u64::from(at.1)).map_err(Refusal::Trap)?;
        if self.traced.is_some() {
            self.note(name, Value::Bytes(bytes.clone()));
        }
        Ok(bytes)
    }

    /// Notes a value in the trace.
    pub(crate) fn note(&mut self, name: &'static str, value: Value) {
        if let Some(traced) = &mut self.traced {
            traced.push((name, value));
        }
    }

    /// Notes a number in the trace.
    pub(crate) fn note_number(&mut self, name: &'static str, value: impl Into<u64>) {
        if self.traced.is_some() {
            self.note(name, Value::Number(value.into()));
        }
    }

    /// Puts `bytes` there.
    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let (memory, _) = self.split()?;
        Ok(memory::write(memory, at, bytes)?)
    }

    /// Puts a number there, and notes it in the trace under `name`.
    pub(crate) fn write_u32(
        &mut self,
        name: &'static str,
        at: u32,
        number: u32,
    ) -> Result<(), Refusal> {
        self.note_number(name, number);
        self.write(at, &number.to_le_bytes())
    }

    /// Puts a number there, and notes it in the trace under `name`.
    pub(crate) fn write_u64(
        &mut self,
        name: &'static str,
        at: u32,
        number: u64,
    ) -> Result<(), Refusal> {
        self.note_number(name, number);
        self.write(at, &number.to_le_bytes())
    }

    /// Gives `bytes` to the guest: in memory that it allocates, whose place and length are written
    /// to `pointer_at` and `len_at`. For no bytes nothing is allocated and both are 0.
    pub(crate) fn return_bytes(
        &mut self,
        pointer_at: u32,
        len_at: u32,
        bytes: &[u8],
    ) -> Result<(), Refusal> {
        let (pointer, len) = self.place(bytes)?;
        self.write(pointer_at, &pointer.to_le_bytes())?;
        self.write(len_at, &len.to_le_bytes())
    }

    /// Puts `bytes` into memory that the guest allocates. Its place and length; 0 for no bytes,
    /// for which nothing is allocated.
    pub(crate) fn place(&mut self, bytes: &[u8]) -> Result<(u32, u32), Refusal> {
        let bytes = match self.injection {
            Injection::Truncate(max) => bytes.get(..max).unwrap_or(bytes),
            Injection::Halve => bytes.get(..bytes.len() / 2).unwrap_or(bytes),
            _ => bytes,
        };
        let len = u32::try_from(bytes.len()).map_err(|_| MemoryError)?;
        let pointer = if bytes.is_empty() {
            0
        } else {
            self.allocate(len)?
        };
        self.write(pointer, bytes)?;
        self.charge(u64::from(len)).map_err(Refusal::Trap)?;
        self.state().bytes_returned += u64::from(len);
        if self.traced.is_some() {
            self.note("returned", Value::Bytes(bytes.to_vec()));
        }
        Ok((pointer, len))
    }

    /// Memory of the guest's own. It may call next to nothing meanwhile, as in Envoy.
    fn allocate(&mut self, len: u32) -> Result<u32, Refusal> {
        const ALLOWED: &[HostCall] = &[HostCall::Log, HostCall::FdWrite, HostCall::ClockTimeGet];
        if self.injection == Injection::AllocationFails {
            return Err(MemoryError.into());
        }
        let state = self.caller.data_mut();
        let allocator = state.allocator.clone().ok_or(MemoryError)?;
        let before = (state.current, state.effective, state.restricted);
        (state.current, state.effective, state.restricted) = (0, 0, Some(ALLOWED));
        let allocated = allocator.call(self.caller.as_context_mut(), len);
        let state = self.caller.data_mut();
        (state.current, state.effective, state.restricted) = before;
        match allocated {
            Ok(0) => Err(MemoryError.into()),
            Ok(pointer) => Ok(pointer),
            Err(trap) => Err(Refusal::Trap(trap)),
        }
    }

    fn is_forbidden(&self, call: HostCall) -> bool {
        !call.is_of_toolchain() && !self.caller.data().is_allowed(call.name())
    }

    fn refuse_capability(&mut self, call: HostCall) -> Refusal {
        /// `__WASI_ERRNO_NOTCAPABLE`.
        const NOT_CAPABLE: u32 = 76;
        let text = format!("Attempted call to restricted ABI function: {}", call.name());
        self.state().log_by_host(text);
        match call.is_wasi() {
            true => Refusal::Code(NOT_CAPABLE),
            false => Status::InternalFailure.into(),
        }
    }

    fn finish(mut self, call: HostCall, answer: wasmtime::Result<u32>) -> wasmtime::Result<u32> {
        let code = answer.as_ref().ok().copied();
        if let Some(values) = self.traced.take() {
            let state = self.caller.data();
            state.shared.trace.push(TraceEntry {
                thread: state.thread,
                vm: state.vm,
                monotonic_nanos: state.shared.clock.monotonic_nanos(),
                event: TraceEvent::HostCall {
                    call,
                    values,
                    status: code.filter(|_| call.signature().has_status),
                    trap: answer
                        .as_ref()
                        .err()
                        .map(|trap| TrapReason::of(trap).to_string()),
                },
            });
        }
        if self.injection == Injection::OutOfFuel {
            self.caller.set_fuel(0)?;
        }
        answer
    }
}

/// A host call takes about as long as so many instructions; and so does each byte that it copies
/// as one.
const FUEL_PER_CALL: u64 = 500;

fn bytes_at<'a>(
    caller: &'a mut Caller<'_, State>,
    at: u32,
    len: u32,
) -> Result<&'a [u8], MemoryError> {
    let memory = caller.data().memory.ok_or(MemoryError)?;
    memory::read(memory.data(caller), at, len)
}
