//! The module in a real Envoy.

mod access_log;
mod configuration;
mod crash;
mod edge;
mod examples;
mod failure;
mod faults;
mod greeting;
mod hold;
mod host_calls;
mod hygiene;
mod identity;
mod lured;
mod memory;
mod no_address;
mod races;
mod readme;
mod scans;
mod scenarios;
mod silent;
mod sound;
mod standing;
mod tagging;
mod tls;
mod traps;
mod words;
