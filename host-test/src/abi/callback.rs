//! What the host calls in the guest.

/// What a callback returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Results {
    /// Nothing.
    None,
    /// One number.
    Word,
}

macro_rules! callbacks {
    ($($(#[$doc:meta])* $item:ident = $name:literal ($params:literal) $results:ident,)+) => {
        /// A function of the guest that the host calls. The first argument is the number of a
        /// context, except for those that begin with `_` and the allocator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Callback { $($(#[$doc])* $item,)+ }

        impl Callback {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$item,)+];

            /// The name of the export.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$item => $name,)+ }
            }

            /// How many 32-bit arguments it takes.
            #[must_use]
            pub const fn params(self) -> usize {
                match self { $(Self::$item => $params,)+ }
            }

            /// What it returns.
            #[must_use]
            pub const fn results(self) -> Results {
                match self { $(Self::$item => Results::$results,)+ }
            }
        }
    };
}

callbacks! {
    /// Initializes a reactor.
    Initialize = "_initialize" (0) None,
    /// Runs a command.
    Start = "_start" (0) None,
    /// Runs after `_initialize`, if there is one.
    Main = "main" (2) Word,
    /// Gives memory to the host.
    MemoryAllocate = "proxy_on_memory_allocate" (1) Word,
    /// Gives memory to the host, the older name.
    Malloc = "malloc" (1) Word,
    /// A context is made: its number, that of its root (0 for a root).
    ContextCreate = "proxy_on_context_create" (2) None,
    /// The VM starts: root, length of the VM configuration.
    VmStart = "proxy_on_vm_start" (2) Word,
    /// Checks a configuration; Envoy never calls it.
    ValidateConfiguration = "proxy_validate_configuration" (2) Word,
    /// A plugin is configured: root, length of its configuration.
    Configure = "proxy_on_configure" (2) Word,
    /// The timer of a root is due.
    Tick = "proxy_on_tick" (1) None,
    /// A connection was made.
    NewConnection = "proxy_on_new_connection" (1) Word,
    /// Bytes came from the client: context, bytes so far, whether it was the end.
    DownstreamData = "proxy_on_downstream_data" (3) Word,
    /// Bytes go to the client: context, bytes so far, whether it is the end.
    UpstreamData = "proxy_on_upstream_data" (3) Word,
    /// The client's connection is closed: context, by whom.
    DownstreamConnectionClose = "proxy_on_downstream_connection_close" (2) None,
    /// The upstream's connection is closed: context, by whom.
    UpstreamConnectionClose = "proxy_on_upstream_connection_close" (2) None,
    /// Request headers: context, how many, whether nothing follows (not in 0.1.0).
    RequestHeaders = "proxy_on_request_headers" (3) Word,
    /// A part of the request body: context, bytes, whether it is the end.
    RequestBody = "proxy_on_request_body" (3) Word,
    /// Request trailers: context, how many.
    RequestTrailers = "proxy_on_request_trailers" (2) Word,
    /// HTTP/2 metadata of the request: context, how many.
    RequestMetadata = "proxy_on_request_metadata" (2) Word,
    /// Response headers: context, how many, whether nothing follows (not in 0.1.0).
    ResponseHeaders = "proxy_on_response_headers" (3) Word,
    /// A part of the response body: context, bytes, whether it is the end.
    ResponseBody = "proxy_on_response_body" (3) Word,
    /// Response trailers: context, how many.
    ResponseTrailers = "proxy_on_response_trailers" (2) Word,
    /// HTTP/2 metadata of the response: context, how many.
    ResponseMetadata = "proxy_on_response_metadata" (2) Word,
    /// An HTTP call was answered: root, token, headers, bytes of the body, trailers.
    HttpCallResponse = "proxy_on_http_call_response" (5) None,
    /// First metadata of a gRPC call: root, token, how many.
    GrpcReceiveInitialMetadata = "proxy_on_grpc_receive_initial_metadata" (3) None,
    /// A message of a gRPC call: root, token, bytes.
    GrpcReceive = "proxy_on_grpc_receive" (3) None,
    /// Last metadata of a gRPC call: root, token, how many.
    GrpcReceiveTrailingMetadata = "proxy_on_grpc_receive_trailing_metadata" (3) None,
    /// The end of a gRPC call: root, token, gRPC status.
    GrpcClose = "proxy_on_grpc_close" (3) None,
    /// Something was put into a queue: root, token of the queue.
    QueueReady = "proxy_on_queue_ready" (2) None,
    /// The host calls a function of the guest: root, function, bytes of its arguments.
    ForeignFunction = "proxy_on_foreign_function" (3) None,
    /// A name was looked up: root, token, bytes of the answer.
    ResolveDns = "envoy_on_resolve_dns" (3) None,
    /// Whether the context may go now.
    Done = "proxy_on_done" (1) Word,
    /// The last moment to write about a stream.
    Log = "proxy_on_log" (1) None,
    /// The context is gone.
    Delete = "proxy_on_delete" (1) None,
}
