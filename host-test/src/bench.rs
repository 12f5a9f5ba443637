//! What the callbacks of a plugin cost: time, host calls, bytes.

mod baseline;
mod figures;
mod report;

pub use baseline::{Baseline, Growth};
pub use figures::{CallbackFigures, CaseFigures, Spread};
pub use report::{as_json, as_text};
