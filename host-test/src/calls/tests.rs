//! Host calls, made by guests of a few lines; those of the conformance set are tested elsewhere.

mod hostile;
mod limits;
