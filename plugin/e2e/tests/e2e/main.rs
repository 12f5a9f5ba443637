//! The module in a real Envoy.

mod crash;
mod edge;
mod hygiene;
mod tagging;
mod words;
