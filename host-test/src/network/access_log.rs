//! What is written when a connection ends.

use super::attributes::ConnectionAttributes;
use super::state::Handle;
use crate::connection::log_lines;
use crate::connection::runner::Runner;
use crate::shared::lock;

/// Writes the access logs of the listener.
pub(crate) fn write(runner: &mut dyn Runner, connection: &Handle) {
    let now_nanos = runner.shared().clock.monotonic_nanos();
    let lines = {
        let state = lock(connection);
        let attributes = ConnectionAttributes {
            connection: &state,
            now_nanos,
        };
        log_lines::lines(&state.listener.access_logs, &attributes)
    };
    for (log, line) in lines {
        runner.logged(&log, line);
    }
}
