//! How bytes pass the filters on their way to the client.

use super::chain::Place;
use super::close::closed;
use super::plugin;
use super::read::Status;
use super::state::{ClosedBy, Handle, Phase};
use crate::connection::runner::Runner;
use crate::shared::lock;

/// Writes `bytes` to the client, through the filters in reverse order; with `is_end` nothing
/// follows. What a filter stops is lost, unless the caller keeps what is returned.
pub(crate) fn write(
    runner: &mut dyn Runner,
    connection: &Handle,
    bytes: Vec<u8>,
    is_end: bool,
) -> Vec<u8> {
    let count = {
        let mut state = lock(connection);
        if state.has_write_end || !state.is_open() {
            return bytes;
        }
        state.write_buffer = Some(bytes);
        state.filters.len()
    };
    for index in (0..count).rev() {
        let place = Place {
            connection: connection.clone(),
            index,
        };
        if lock(connection).plugin(index).is_none() {
            continue;
        }
        let status = plugin::on_write(runner, &place, is_end);
        if status == Status::Stop || !lock(connection).is_open() {
            return lock(connection).write_buffer.take().unwrap_or_default();
        }
    }
    runner.touched(connection);
    let mut state = lock(connection);
    let passed = state.write_buffer.take().unwrap_or_default();
    state.output.extend(passed);
    state.has_write_end |= is_end;
    Vec::new()
}

/// The socket takes what was written: the client gets it, and what waited for that happens.
pub(crate) fn flush(runner: &mut dyn Runner, connection: &Handle) {
    let is_over = {
        let mut state = lock(connection);
        let output = std::mem::take(&mut state.output);
        state.bytes_sent += output.len() as u64;
        state.at_client.extend(output);
        let has_both_ends = state.has_read_end && state.has_write_end;
        state.phase == Phase::Flushing || (state.is_open() && has_both_ends)
    };
    if is_over {
        closed(runner, connection, ClosedBy::Local);
    }
}
