//! Numbers that stand for something in arguments of host calls.

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u32)]
        pub enum $name { $($(#[$item_doc])* $item = $number,)+ }

        impl $name {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$item,)+];

            /// The one with this number; none if no other number stands for one.
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($number => Some(Self::$item),)+
                    _ => None,
                }
            }

            /// Its number.
            #[must_use]
            pub const fn code(self) -> u32 {
                self as u32
            }
        }
    };
}

numbered! {
    /// How much a log line matters.
    LogLevel {
        /// Every step.
        Trace = 0,
        /// For who looks for a mistake.
        Debug = 1,
        /// Worth knowing.
        Info = 2,
        /// Something is odd.
        Warn = 3,
        /// Something failed.
        Error = 4,
        /// Nothing goes on.
        Critical = 5,
    }
}

numbered! {
    /// A map of headers, trailers or metadata.
    HeaderMapType {
        /// Headers of the request.
        RequestHeaders = 0,
        /// Trailers of the request.
        RequestTrailers = 1,
        /// Headers of the response.
        ResponseHeaders = 2,
        /// Trailers of the response.
        ResponseTrailers = 3,
        /// What came first on a gRPC stream of the guest.
        GrpcReceiveInitialMetadata = 4,
        /// What came last on a gRPC stream of the guest.
        GrpcReceiveTrailingMetadata = 5,
        /// Headers of the answer to an HTTP call of the guest.
        HttpCallResponseHeaders = 6,
        /// Trailers of the answer to an HTTP call of the guest.
        HttpCallResponseTrailers = 7,
    }
}

numbered! {
    /// Bytes that the host lends to the guest.
    BufferType {
        /// Body of the request.
        HttpRequestBody = 0,
        /// Body of the response.
        HttpResponseBody = 1,
        /// What came from the client.
        DownstreamData = 2,
        /// What goes to the client.
        UpstreamData = 3,
        /// Body of the answer to an HTTP call of the guest.
        HttpCallResponseBody = 4,
        /// A message on a gRPC stream of the guest.
        GrpcReceiveBuffer = 5,
        /// Configuration of the VM.
        VmConfiguration = 6,
        /// Configuration of the plugin.
        PluginConfiguration = 7,
        /// Arguments of a foreign function that the host calls.
        CallData = 8,
    }
}

numbered! {
    /// A direction to go on with, or to close.
    StreamType {
        /// The request.
        Request = 0,
        /// The response.
        Response = 1,
        /// The connection of the client.
        Downstream = 2,
        /// The connection to the upstream.
        Upstream = 3,
    }
}

numbered! {
    /// What a metric does.
    MetricType {
        /// Goes up.
        Counter = 0,
        /// Goes up and down.
        Gauge = 1,
        /// Takes samples.
        Histogram = 2,
    }
}

numbered! {
    /// Who closed a connection.
    PeerType {
        /// Nobody knows.
        Unknown = 0,
        /// The proxy.
        Local = 1,
        /// The other side.
        Remote = 2,
    }
}
