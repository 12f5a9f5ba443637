//! Preloaded into Envoy: its time stands still, and goes by when the test says so.
//!
//! - [`clock`]: what tells time in the C library tells a virtual time;
//! - [`park`]: a thread that waits for events waits in virtual time;
//! - [`schedule`]: when every thread waits, the next one whose time has come goes on;
//! - [`steer`]: the mark of a client's socket says which worker accepts its connection;
//! - [`control`]: the test asks, over a socket, for rest or for time to go by.
//!
//! Envoy itself is unchanged. `build.rs` compiles this as a library of its own, without dependencies;
//! it does nothing unless `REAL_ENVOY_CLOCK` names the test's socket.

mod clock;
mod control;
mod libc;
mod park;
mod schedule;
mod steer;

/// Runs when the library is loaded, before Envoy's `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;

extern "C" fn begin() {
    let (Ok(socket), Ok(start)) = (
        std::env::var("REAL_ENVOY_CLOCK"),
        std::env::var("REAL_ENVOY_CLOCK_START"),
    ) else {
        return;
    };
    let start = start.parse().unwrap_or(0);
    if let Err(error) = control::serve(&socket) {
        eprintln!("real-envoy: {socket}: {error}");
        std::process::exit(1);
    }
    clock::begin(start);
}
