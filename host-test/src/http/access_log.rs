//! What is written when a stream ends.

use super::attributes::StreamAttributes;
use super::state::Handle;
use crate::connection::log_lines;
use crate::connection::runner::Runner;
use crate::shared::lock;

/// Writes the access logs of the connection manager.
pub(super) fn write(runner: &mut dyn Runner, stream: &Handle) {
    let lines: Vec<_> = {
        let state = lock(stream);
        let connection = lock(&state.connection);
        let attributes = StreamAttributes {
            stream: &state,
            connection: &connection,
        };
        let logs = state.blueprint.config.access_logs.iter();
        let line = |log| {
            Some((
                Clone::clone(log),
                log_lines::line(log, &attributes, &attributes)?,
            ))
        };
        logs.filter_map(line).collect()
    };
    for (log, line) in lines {
        runner.logged(&log, line);
    }
}
