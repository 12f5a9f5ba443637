//! A small axum service behind the edge that reads the request header `x-portscan`.
//!
//! A handler that only wants to know takes `Option<PortScan>`; one that also wants to say that
//! a header was broken takes [`Reading`]. Neither ever rejects a request.
//!
//! ```
//! use upstream_rust::{Class, PortScan};
//!
//! async fn login(scan: Option<PortScan>) -> &'static str {
//!     match scan.and_then(|scan| scan.class) {
//!         Some(Class::Malicious) => "no",
//!         Some(_) => "solve this first",
//!         None => "welcome",
//!     }
//! }
//! # let _: axum::Router = axum::Router::new().route("/login", axum::routing::get(login));
//! ```
#![forbid(unsafe_code)]

mod extract;
mod header;
mod policy;
mod service;

pub use extract::Reading;
pub use header::{Class, InvalidPortScan, Kind, PortScan, Source, VALUE_BYTES_MAX};
pub use policy::Decision;
pub use service::router;
