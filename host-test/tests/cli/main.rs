//! The command as its users see it.

mod broken;
mod check;
mod command;
mod diff;
mod envoy;
mod fault;
mod guests;
mod race;
mod readme;
mod reference;
mod replay;
mod run;
mod schema;
