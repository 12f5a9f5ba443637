//! Host calls, made by the guests of the conformance set and by guests of a few lines.

mod conformance;
mod hostile;
