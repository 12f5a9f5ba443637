//! What is written when a stream ends.

use super::attributes::StreamAttributes;
use super::state::Handle;
use crate::connection::log_lines;
use crate::connection::runner::Runner;
use crate::shared::lock;

/// Writes the access logs of the connection manager.
pub(super) fn write(runner: &mut dyn Runner, stream: &Handle) {
    let lines = {
        let state = lock(stream);
        let connection = lock(&state.connection);
        let attributes = StreamAttributes {
            stream: &state,
            connection: &connection,
        };
        log_lines::lines(&state.blueprint.config.access_logs, &attributes)
    };
    for (log, line) in lines {
        runner.logged(&log, line);
    }
}
