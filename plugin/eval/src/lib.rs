//! Measures the detector: on the traces there are, on clients that are made up, beside textbook
//! rivals; and writes down what came of it.
//!
//! A good order of reading: [`generate`] makes clients, [`textbook`] the rivals, [`runs`] measures,
//! [`document`] writes.

#![forbid(unsafe_code)]

pub mod calibrate;
pub mod document;
pub mod figures;
pub mod generate;
pub mod measure;
pub mod runs;
pub mod textbook;
pub mod traces;
