//! Connections: their data, and the network filters that act on them.
//!
//! What happens to a connection happens here as in Envoy (`ConnectionImpl`, `FilterManagerImpl`
//! of 1.40.0): filters read in their order and write in the reverse one, a filter that stops keeps
//! the bytes, and closing tells every filter before the one that closes goes on.

mod access_log;
mod attributes;
mod chain;
mod close;
mod due;
mod filter_state;
mod matching;
mod native;
mod plugin;
mod properties;
mod read;
mod state;
mod tls;
mod write;

pub use filter_state::{FilterState, LifeSpan, Prototype, ReadOnly};
pub use state::{Addresses, ClosedBy, State};
pub use tls::TlsInfo;

pub(crate) use access_log::write as log_access;
pub(crate) use chain::{Blueprint, Place};
pub(crate) use close::{close_delayed, close_flushed, close_remote, finish};
pub(crate) use due::{due, moved, rests};
pub(crate) use matching::{Offer, choose as choose_chain};
pub(crate) use read::{continue_reading, receive, resume, start};
pub(crate) use state::Handle;
pub(crate) use tls::{Tls, handshake};
pub(crate) use write::{flush, write};
