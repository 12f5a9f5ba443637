//! Which worker accepts a connection: the one whose number is the mark (`SO_MARK`) of the client's
//! socket, on the same machine.

use std::ffi::c_int;
use std::mem::transmute;
use std::sync::LazyLock;

use crate::clock;
use crate::libc::{self, Instruction, Program};

/// Envoy's workers listen at one address each with a socket of its own, and call this in their
/// order, which is how the kernel numbers them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn listen(socket: c_int, backlog: c_int) -> c_int {
    static REAL: LazyLock<unsafe extern "C" fn(c_int, c_int) -> c_int> =
        // SAFETY: the type is that of the C library.
        LazyLock::new(|| unsafe { transmute(libc::hidden(c"listen")) });
    // SAFETY: passed on as it came.
    let result = unsafe { REAL(socket, backlog) };
    if result == 0 && clock::is_virtual() {
        let program = Program {
            length: CHOOSE_BY_MARK.len() as u16,
            instructions: CHOOSE_BY_MARK.as_ptr(),
        };
        // Fails for a socket that shares its address with nobody: then there is no choice.
        // SAFETY: the program and its instructions live long enough; the kernel copies them.
        unsafe {
            libc::setsockopt(
                socket,
                libc::SOL_SOCKET,
                libc::SO_ATTACH_REUSEPORT_CBPF,
                (&raw const program).cast(),
                size_of::<Program>() as u32,
            )
        };
    }
    result
}

/// Loads the mark of the packet (SKF_AD_OFF + SKF_AD_MARK), keeps its lowest byte, returns it.
static CHOOSE_BY_MARK: [Instruction; 3] = [
    instruction(0x20, (-0x1000_i32 + 20).cast_unsigned()),
    instruction(0x54, 0xff),
    instruction(0x16, 0),
];

const fn instruction(code: u16, value: u32) -> Instruction {
    Instruction {
        code,
        jump_true: 0,
        jump_false: 0,
        value,
    }
}
