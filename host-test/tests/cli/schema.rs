//! The schema of scenario files.

use std::path::Path;

use super::command::{assert_is_file, host_test};

#[test]
fn the_published_schema_is_the_one_of_the_reader() {
    let ran = host_test(&["schema"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenario.schema.json");
    assert_is_file(&ran.stdout, &path);
}
