//! The command as its users see it.

mod broken;
mod check;
mod command;
mod reference;
mod run;
mod schema;
