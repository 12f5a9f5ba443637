//! How bytes of the client pass the filters.

use super::chain::{FilterKind, Place};
use super::close::close_remote;
use super::state::{Handle, Phase};
use super::{native, plugin, tls};
use crate::connection::runner::Runner;
use crate::http;
use crate::shared::lock;

/// What a filter says about those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// They come next.
    Continue,
    /// They wait.
    Stop,
}

/// Begins a connection: every filter hears of it, until one stops or closes it.
pub(crate) fn start(runner: &mut dyn Runner, connection: &Handle) {
    iterate(runner, connection, 0);
}

/// Bytes have come from the client, or its end, or both; as one read of the socket.
pub(crate) fn receive(runner: &mut dyn Runner, connection: &Handle, bytes: &[u8], is_end: bool) {
    enum Read {
        /// Filters see what has come.
        Now,
        /// It stays in the socket; an end is noticed all the same.
        Later,
        /// Nobody reads it any more.
        Never,
    }
    let read = {
        let mut state = lock(connection);
        if state.phase != Phase::Open {
            Read::Never
        } else if state.read_disabled > 0 {
            state.unread.extend_from_slice(bytes);
            Read::Later
        } else {
            Read::Now
        }
    };
    if !bytes.is_empty() && tls::take_stray(runner, connection, bytes) {
        if is_end {
            close_remote(runner, connection);
        }
        return;
    }
    match read {
        Read::Now => read_socket(runner, connection, bytes, is_end, false),
        Read::Later | Read::Never if is_end => close_remote(runner, connection),
        Read::Later | Read::Never => {}
    }
}

fn read_socket(
    runner: &mut dyn Runner,
    connection: &Handle,
    bytes: &[u8],
    is_end: bool,
    is_resumed: bool,
) {
    let is_wanted = {
        let mut state = lock(connection);
        state.read_buffer.extend_from_slice(bytes);
        let raises_end = is_end && state.keeps_half_closed && !state.has_read_end;
        state.has_read_end |= raises_end;
        // An end alone brings nothing that a filter would be asked about.
        let has_news = !bytes.is_empty() || is_resumed;
        if has_news {
            // Envoy counts what a filter has kept again with each read.
            state.bytes_received += state.read_buffer.len() as u64;
        }
        (has_news && !state.read_buffer.is_empty()) || raises_end
    };
    if is_wanted {
        iterate(runner, connection, 0);
    }
    let is_over = {
        let state = lock(connection);
        let has_both_ends = state.has_read_end && state.has_write_end && state.output.is_empty();
        (is_end && !state.keeps_half_closed) || has_both_ends
    };
    if is_over {
        close_remote(runner, connection);
    }
}

/// Reads the socket again if a filter has enabled that. Whether it did.
pub(crate) fn resume(runner: &mut dyn Runner, connection: &Handle) -> bool {
    let unread = {
        let mut state = lock(connection);
        if !std::mem::take(&mut state.is_resumed) || state.read_disabled > 0 || !state.is_open() {
            return false;
        }
        std::mem::take(&mut state.unread)
    };
    read_socket(runner, connection, &unread, false, true);
    true
}

/// Goes on behind a filter that has stopped.
pub(crate) fn continue_reading(runner: &mut dyn Runner, place: &Place) {
    iterate(runner, &place.connection, place.index.saturating_add(1));
}

/// Asks the filters from `first` on (`FilterManagerImpl::onContinueReading`).
fn iterate(runner: &mut dyn Runner, connection: &Handle, first: usize) {
    if !lock(connection).is_open() {
        return;
    }
    let count = lock(connection).filters.len();
    for index in first..count {
        let place = Place {
            connection: connection.clone(),
            index,
        };
        let is_new = {
            let mut state = lock(connection);
            let filter = state.filters.get_mut(index);
            filter.is_some_and(|filter| !std::mem::replace(&mut filter.is_initialized, true))
        };
        if is_new && (on_new(runner, &place) == Status::Stop || !lock(connection).is_open()) {
            return;
        }
        let has_data = {
            let state = lock(connection);
            !state.read_buffer.is_empty() || state.has_read_end
        };
        if has_data && (on_data(runner, &place) == Status::Stop || !lock(connection).is_open()) {
            return;
        }
    }
}

/// What kind of filter a place holds: those with data of their own are looked at there.
#[derive(Clone, Copy)]
enum Kind {
    Plugin,
    Native,
    Http,
}

fn kind(place: &Place) -> Kind {
    let state = lock(&place.connection);
    match state.filters.get(place.index).map(|filter| &filter.kind) {
        Some(FilterKind::Plugin(_)) => Kind::Plugin,
        Some(FilterKind::Http(_)) => Kind::Http,
        _ => Kind::Native,
    }
}

fn on_new(runner: &mut dyn Runner, place: &Place) -> Status {
    match kind(place) {
        Kind::Plugin => plugin::on_new_connection(runner, place),
        Kind::Native => native::on_new_connection(runner, place),
        Kind::Http => Status::Continue,
    }
}

fn on_data(runner: &mut dyn Runner, place: &Place) -> Status {
    match kind(place) {
        Kind::Plugin => plugin::on_data(runner, place),
        Kind::Native => native::on_data(runner, place),
        Kind::Http => {
            http::on_data(runner, place);
            Status::Stop
        }
    }
}
