//! Small clients and upstreams: enough HTTP to send what no polite library would send.

mod body;
mod echo;
mod grpc;
mod http1;
mod http2;
mod message;
mod proxy_protocol;
mod source;
mod upstream;

pub use self::{
    echo::Echo,
    grpc::GrpcUpstream,
    http1::Http1,
    http2::Http2,
    message::{Request, Response},
    proxy_protocol::{proxy_v1, proxy_v2},
    source::{Source, read_until_close},
    upstream::EchoUpstream,
};
