//! From what is written to what is run: every value read, every name found.

mod call;
mod connect;
mod dry_run;
mod expect;
mod file;
mod matching;
mod names;
mod race;
mod request;
mod step;
mod value;
mod walk;

pub(super) use file::{parse, read};
pub(super) use walk::walk;
