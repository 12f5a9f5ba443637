//! The module in a real Envoy.

mod access_log;
mod configuration;
mod crash;
mod edge;
mod failure;
mod hygiene;
mod identity;
mod no_address;
mod scans;
mod sound;
mod tagging;
mod tls;
mod words;
