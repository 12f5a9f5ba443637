//! What the callbacks of a plugin cost: time, host calls, bytes.

mod baseline;
mod figures;
mod report;
mod rounds;
mod run;

pub use baseline::{Baseline, Growth};
pub use figures::{CallbackFigures, CaseFigures, Spread};
pub use report::{as_json, as_text};
pub use rounds::{NOISE_MAX, Ratio, Rounds, measure_rounds};
pub use run::{MARK, NoFigures, measure};
