//! What is remembered in shared data, in bounded memory.
//!
//! From the bottom up: [`store`] is the port to shared data, [`page`] the envelope of every value,
//! [`update`] the one way to change one. On these stand the [`table`] of sources with their
//! [`slot`]s, the [`pool`] of wide sketches, the table of networks ([`neighbours`]), the [`standing`]
//! filter, the ports it has taught about ([`touched`]), the [`ring`] of changes, the [`seed`] and the
//! list of [`geometries`] in use; for a portal, the keeper's [`heartbeat`], verdicts that [`ended`]
//! early, and when bouncers did their [`pulls`]. The [`cache`] is a worker's own.

pub mod cache;
pub mod ended;
pub mod geometries;
pub mod hash;
pub mod heartbeat;
mod key;
pub mod neighbours;
pub mod page;
pub mod pool;
pub mod pulls;
pub mod registers;
pub mod ring;
pub mod seed;
pub mod sketch;
pub mod slot;
pub mod standing;
pub mod store;
pub mod table;
pub mod targets;
pub mod touched;
pub mod update;
