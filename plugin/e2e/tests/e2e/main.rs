//! The module in a real Envoy.

mod edge;
mod tagging;
mod words;
