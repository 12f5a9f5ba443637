//! The C library as far as it is needed here.

use std::ffi::{CStr, c_char, c_int, c_long, c_ulong, c_void};

#[repr(C)]
pub struct Timespec {
    pub secs: c_long,
    pub nanos: c_long,
}

#[repr(C)]
pub struct Timeval {
    pub secs: c_long,
    pub micros: c_long,
}

#[repr(C)]
pub struct PollFd {
    pub fd: c_int,
    pub events: i16,
    pub revents: i16,
}

/// An instruction of the classic packet filter (`struct sock_filter`).
#[repr(C)]
pub struct Instruction {
    pub code: u16,
    pub jump_true: u8,
    pub jump_false: u8,
    pub value: u32,
}

/// A packet filter (`struct sock_fprog`).
#[repr(C)]
pub struct Program {
    pub length: u16,
    pub instructions: *const Instruction,
}

unsafe extern "C" {
    pub fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    pub fn poll(fds: *mut PollFd, count: c_ulong, timeout_millis: c_int) -> c_int;
    pub fn eventfd(value: u32, flags: c_int) -> c_int;
    pub fn read(fd: c_int, buffer: *mut c_void, length: usize) -> isize;
    pub fn write(fd: c_int, buffer: *const c_void, length: usize) -> isize;
    pub fn getpid() -> c_int;
    pub fn gettid() -> c_int;
    pub fn setsockopt(
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *const c_void,
        length: u32,
    ) -> c_int;
}

pub const POLLIN: i16 = 1;
pub const SOL_SOCKET: c_int = 1;
pub const SO_ATTACH_REUSEPORT_CBPF: c_int = 51;
const EFD_CLOEXEC: c_int = 0o2_000_000;
const EFD_NONBLOCK: c_int = 0o4_000;
/// "The next one in the order of libraries", of `dlsym`.
const RTLD_NEXT: *mut c_void = -1_isize as *mut c_void;

/// The function of this name that this library hides.
pub fn hidden(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends with a zero byte; the C library is always loaded.
    unsafe { dlsym(RTLD_NEXT, name.as_ptr()) }
}

/// What wakes a thread out of `poll`.
pub fn new_bell() -> c_int {
    // SAFETY: no pointers.
    unsafe { eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) }
}

pub fn ring(bell: c_int) {
    let one = 1_u64;
    // SAFETY: eight bytes of `one` are read.
    unsafe { write(bell, (&raw const one).cast(), 8) };
}

/// Takes back all rings so far.
pub fn hush(bell: c_int) {
    let mut count = 0_u64;
    // SAFETY: eight bytes of `count` are written.
    unsafe { read(bell, (&raw mut count).cast(), 8) };
}

/// Waits until one of them is readable; says how many are. Without an end if `timeout_millis` is -1.
pub fn wait_readable(fds: &mut [PollFd], timeout_millis: c_int) -> c_int {
    // SAFETY: pointer and length are those of the slice.
    unsafe { poll(fds.as_mut_ptr(), fds.len() as c_ulong, timeout_millis) }
}

impl PollFd {
    pub fn readable(fd: c_int) -> Self {
        Self {
            fd,
            events: POLLIN,
            revents: 0,
        }
    }
}
