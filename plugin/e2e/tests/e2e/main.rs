//! The module in a real Envoy.

mod configuration;
mod crash;
mod edge;
mod hygiene;
mod identity;
mod tagging;
mod tls;
mod words;
