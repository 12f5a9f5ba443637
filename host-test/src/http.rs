//! HTTP streams: their data, and the HTTP filters that act on them.
//!
//! What happens to a stream happens here as in Envoy (`ConnectionManagerImpl`, `FilterManager` of
//! 1.40.0): request and response pass the filters in opposite order, a filter that stops keeps
//! what comes, an answer of Envoy itself passes the filters of the response.

mod access_log;
mod arrival;
mod attributes;
mod blueprint;
mod body;
mod callbacks;
mod codec;
mod decode;
mod departure;
mod encode;
mod ending;
mod event;
mod filter;
mod flow;
mod forwarded;
pub(crate) mod frame;
mod head;
mod headers;
pub(crate) mod hpack;
mod http1;
mod http2;
mod huffman;
mod limit;
mod local_reply;
mod manager;
mod native;
mod output;
mod path;
mod plugin;
mod properties;
mod pseudo;
mod redirect;
mod refusal;
mod response;
mod router;
mod routing;
mod state;
mod timeouts;
mod upstream;
mod view;

pub use headers::{HeaderKind, HeaderMap};
pub use local_reply::LocalReply;
pub use state::{Protocol, State};
pub use upstream::Upstream;

pub(crate) use blueprint::Blueprint;
pub(crate) use ending::{on_connection_close, release};
pub(crate) use manager::{Manager, on_data};
pub(crate) use plugin::{continue_decoding, continue_encoding, local_reply, reset_by_filter};
pub(crate) use router::{respond_data, respond_headers, respond_trailers, upstream_reset};
pub(crate) use state::{Handle, Place};
pub(crate) use timeouts::{due, next_due, rests};
pub(crate) use view::Invisible;
