//! `host-test schema`: the JSON Schema of scenario files.

use super::{Ending, complain, print};

pub(super) fn run() -> Ending {
    match serde_json::to_string_pretty(&host_test::scenario::schema()) {
        Ok(text) => {
            print(&text);
            print("\n");
            Ending::Passed
        }
        Err(error) => complain(error),
    }
}
