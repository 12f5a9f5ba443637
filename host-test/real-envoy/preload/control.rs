//! What the test asks for: eight bytes that say what, eight that say how much; eight come back.
//! All numbers are little-endian.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use crate::{clock, schedule};

/// Connects to the test's socket and serves it until it is gone.
pub fn serve(socket: &str) -> io::Result<()> {
    let stream = UnixStream::connect(socket)?;
    thread::Builder::new()
        .name("virtual time".to_owned())
        .spawn(move || answer(stream))?;
    Ok(())
}

fn answer(mut stream: UnixStream) {
    let (mut what, mut argument) = ([0; 8], [0; 8]);
    while stream.read_exact(&mut what).is_ok() && stream.read_exact(&mut argument).is_ok() {
        let result = match u64::from_le_bytes(what) {
            REST => schedule::rest(),
            PASS => {
                schedule::rest();
                let end = clock::elapsed() + u64::from_le_bytes(argument);
                let turns = schedule::pass_until(end);
                schedule::rest();
                turns
            }
            SHIFT => {
                schedule::rest();
                clock::shift_wall_clock(i64::from_le_bytes(argument));
                0
            }
            _ => return,
        };
        if stream.write_all(&result.to_le_bytes()).is_err() {
            return;
        }
    }
}

/// Wait until nothing is left to do; answered with the time of what is due next.
const REST: u64 = 0;
/// Let so many nanoseconds go by; answered with the number of turns.
const PASS: u64 = 1;
/// Set the wall clock by so many nanoseconds.
const SHIFT: u64 = 2;
