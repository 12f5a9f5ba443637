//! Port-scan detection as pure code: no host, no clock, no I/O.
//!
//! Time and randomness come in as arguments, shared data through the [`state::store::Store`] port;
//! what is to be done comes out as values. A good order of reading: [`detector`], [`model`],
//! [`state`].

#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::string_slice,
    reason = "nothing that a client or a neighbour sends may trap the module"
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test may fail"
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod config;
pub mod contact;
pub mod counters;
pub mod decay;
pub mod detector;
mod digits;
pub mod events;
pub mod evidence;
pub mod exploit;
pub mod first_bytes;
pub mod header;
pub mod header_map;
mod json;
pub mod known;
pub mod listener;
pub mod model;
pub mod networks;
pub mod portal;
pub mod rate;
pub mod reasons;
pub mod source;
pub mod state;
pub mod stats;
pub mod time;
pub mod verdict;
