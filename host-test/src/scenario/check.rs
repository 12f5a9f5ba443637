//! From what is written to what is run: every value read, every name found.

mod expect;
mod file;
mod names;
mod step;
mod value;
mod walk;

pub(super) use file::read;
pub(super) use walk::walk;
