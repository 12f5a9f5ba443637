//! What the guest calls in the host.

use super::AbiVersion;

/// Names under which modules import WASI.
pub const WASI_MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// A type of wasm values, as far as the ABI uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// Arguments and results of a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The arguments.
    pub params: &'static [ValueType],
    /// Whether a 32-bit status comes back.
    pub has_status: bool,
}

/// Calls that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Log lines.
    Log,
    /// The clock.
    Clock,
    /// Ticks.
    Timer,
    /// Buffers.
    Buffer,
    /// Header maps.
    Header,
    /// Properties and filter state.
    Property,
    /// Shared data.
    SharedData,
    /// Shared queues.
    Queue,
    /// Metrics.
    Metric,
    /// HTTP calls of the guest.
    HttpCall,
    /// gRPC calls of the guest.
    Grpc,
    /// Foreign functions.
    Foreign,
    /// Answers without an upstream.
    LocalReply,
    /// Streams go on or are closed.
    Stream,
    /// Contexts.
    Context,
    /// WASI.
    Wasi,
}

macro_rules! types {
    ($($letter:ident)*) => { &[$(types!(@ $letter)),*] };
    (@ i) => { ValueType::I32 };
    (@ l) => { ValueType::I64 };
}

macro_rules! host_calls {
    ($($item:ident = $family:ident $name:literal ($($letter:ident)*) $($void:ident)?,)+) => {
        /// A function of the host that modules import.
        #[expect(missing_docs, reason = "each is documented by the ABI under its name")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum HostCall { $($item,)+ }

        impl HostCall {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$item,)+];

            /// The name under which modules import it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$item => $name,)+ }
            }

            /// What it belongs to.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$item => Family::$family,)+ }
            }

            /// Arguments and results.
            #[must_use]
            pub const fn signature(self) -> Signature {
                match self {
                    $(Self::$item => Signature {
                        params: types!($($letter)*),
                        has_status: host_calls!(@ $($void)?),
                    },)+
                }
            }
        }
    };
    (@ void) => { false };
    (@) => { true };
}

// Of WASI these are the functions and signatures of Envoy 1.39 and later; `path_link` and
// `path_symlink` lack an argument there.
host_calls! {
    Log = Log "proxy_log" (i i i),
    GetLogLevel = Log "proxy_get_log_level" (i),
    GetCurrentTime = Clock "proxy_get_current_time_nanoseconds" (i),
    SetTickPeriod = Timer "proxy_set_tick_period_milliseconds" (i),
    GetBufferBytes = Buffer "proxy_get_buffer_bytes" (i i i i i),
    GetBufferStatus = Buffer "proxy_get_buffer_status" (i i i),
    SetBufferBytes = Buffer "proxy_set_buffer_bytes" (i i i i i),
    GetConfiguration = Buffer "proxy_get_configuration" (i i),
    GetHeaderMapValue = Header "proxy_get_header_map_value" (i i i i i),
    AddHeaderMapValue = Header "proxy_add_header_map_value" (i i i i i),
    ReplaceHeaderMapValue = Header "proxy_replace_header_map_value" (i i i i i),
    RemoveHeaderMapValue = Header "proxy_remove_header_map_value" (i i i),
    GetHeaderMapPairs = Header "proxy_get_header_map_pairs" (i i i),
    SetHeaderMapPairs = Header "proxy_set_header_map_pairs" (i i i),
    GetHeaderMapSize = Header "proxy_get_header_map_size" (i i),
    GetProperty = Property "proxy_get_property" (i i i i),
    SetProperty = Property "proxy_set_property" (i i i i),
    GetSharedData = SharedData "proxy_get_shared_data" (i i i i i),
    SetSharedData = SharedData "proxy_set_shared_data" (i i i i i),
    RegisterSharedQueue = Queue "proxy_register_shared_queue" (i i i),
    ResolveSharedQueue = Queue "proxy_resolve_shared_queue" (i i i i i),
    DequeueSharedQueue = Queue "proxy_dequeue_shared_queue" (i i i),
    EnqueueSharedQueue = Queue "proxy_enqueue_shared_queue" (i i i),
    DefineMetric = Metric "proxy_define_metric" (i i i i),
    IncrementMetric = Metric "proxy_increment_metric" (i l),
    RecordMetric = Metric "proxy_record_metric" (i l),
    GetMetric = Metric "proxy_get_metric" (i i),
    HttpCall = HttpCall "proxy_http_call" (i i i i i i i i i i),
    GrpcCall = Grpc "proxy_grpc_call" (i i i i i i i i i i i i),
    GrpcStream = Grpc "proxy_grpc_stream" (i i i i i i i i i),
    GrpcSend = Grpc "proxy_grpc_send" (i i i i),
    GrpcCancel = Grpc "proxy_grpc_cancel" (i),
    GrpcClose = Grpc "proxy_grpc_close" (i),
    GetStatus = Grpc "proxy_get_status" (i i i),
    CallForeignFunction = Foreign "proxy_call_foreign_function" (i i i i i i),
    SendLocalResponse = LocalReply "proxy_send_local_response" (i i i i i i i i),
    ContinueStream = Stream "proxy_continue_stream" (i),
    CloseStream = Stream "proxy_close_stream" (i),
    ContinueRequest = Stream "proxy_continue_request" (),
    ContinueResponse = Stream "proxy_continue_response" (),
    ClearRouteCache = Stream "proxy_clear_route_cache" (),
    SetEffectiveContext = Context "proxy_set_effective_context" (i),
    Done = Context "proxy_done" (),
    FdWrite = Wasi "fd_write" (i i i i),
    FdRead = Wasi "fd_read" (i i i i),
    FdSeek = Wasi "fd_seek" (i l i i),
    FdClose = Wasi "fd_close" (i),
    FdFdstatGet = Wasi "fd_fdstat_get" (i i),
    FdPrestatGet = Wasi "fd_prestat_get" (i i),
    FdPrestatDirName = Wasi "fd_prestat_dir_name" (i i i),
    PathOpen = Wasi "path_open" (i i i i i l l i i),
    PathFilestatGet = Wasi "path_filestat_get" (i i i i i),
    PollOneoff = Wasi "poll_oneoff" (i i i i),
    SchedYield = Wasi "sched_yield" (),
    EnvironGet = Wasi "environ_get" (i i),
    EnvironSizesGet = Wasi "environ_sizes_get" (i i),
    ArgsGet = Wasi "args_get" (i i),
    ArgsSizesGet = Wasi "args_sizes_get" (i i),
    ClockTimeGet = Wasi "clock_time_get" (i l i),
    RandomGet = Wasi "random_get" (i i),
    ProcExit = Wasi "proc_exit" (i) void,
    FdFdstatSetFlags = Wasi "fd_fdstat_set_flags" (i i),
    FdFdstatSetRights = Wasi "fd_fdstat_set_rights" (i l l),
    FdAdvise = Wasi "fd_advise" (i l l i),
    FdAllocate = Wasi "fd_allocate" (i l l),
    FdDatasync = Wasi "fd_datasync" (i),
    FdFilestatGet = Wasi "fd_filestat_get" (i i),
    FdFilestatSetSize = Wasi "fd_filestat_set_size" (i l),
    FdFilestatSetTimes = Wasi "fd_filestat_set_times" (i l l i),
    FdPread = Wasi "fd_pread" (i i i l i),
    FdPwrite = Wasi "fd_pwrite" (i i i l i),
    FdReaddir = Wasi "fd_readdir" (i i i l i),
    FdRenumber = Wasi "fd_renumber" (i i),
    FdSync = Wasi "fd_sync" (i),
    FdTell = Wasi "fd_tell" (i i),
    PathCreateDirectory = Wasi "path_create_directory" (i i i),
    PathFilestatSetTimes = Wasi "path_filestat_set_times" (i i i i l l i),
    PathLink = Wasi "path_link" (i i i i i i),
    PathReadlink = Wasi "path_readlink" (i i i i i i),
    PathRemoveDirectory = Wasi "path_remove_directory" (i i i),
    PathRename = Wasi "path_rename" (i i i i i i),
    PathSymlink = Wasi "path_symlink" (i i i i),
    PathUnlinkFile = Wasi "path_unlink_file" (i i i),
    ClockResGet = Wasi "clock_res_get" (i i),
    SockAccept = Wasi "sock_accept" (i i i),
    SockRecv = Wasi "sock_recv" (i i i i i i),
    SockSend = Wasi "sock_send" (i i i i i),
    SockShutdown = Wasi "sock_shutdown" (i i),
    PthreadEqual = Wasi "pthread_equal" (i i),
    NotifyMemoryGrowth = Wasi "emscripten_notify_memory_growth" (i) void,
    ResolveDns = Foreign "envoy_resolve_dns" (i i i),
}

impl HostCall {
    /// The call that a module of ABI `version` imports under this name; none if Envoy links none.
    #[must_use]
    pub fn find(version: AbiVersion, module: &str, name: &str) -> Option<Self> {
        let call = Self::ALL.iter().copied().find(|call| call.name() == name)?;
        (call.modules().contains(&module) && call.is_in(version)).then_some(call)
    }

    /// The modules it is imported from.
    #[must_use]
    pub const fn modules(self) -> &'static [&'static str] {
        match self {
            _ if self.is_wasi() => &WASI_MODULES,
            _ => &["env"],
        }
    }

    /// Whether it is one of WASI's, which answer with error numbers instead of statuses.
    #[must_use]
    pub const fn is_wasi(self) -> bool {
        matches!(self.family(), Family::Wasi) && !self.is_of_toolchain()
    }

    /// Whether toolchains import it without being asked, so that no plugin can forbid it.
    pub(crate) const fn is_of_toolchain(self) -> bool {
        matches!(self, Self::PthreadEqual | Self::NotifyMemoryGrowth)
    }

    /// Whether modules of this version can import it.
    #[must_use]
    pub const fn is_in(self, version: AbiVersion) -> bool {
        match self {
            Self::GetConfiguration
            | Self::ContinueRequest
            | Self::ContinueResponse
            | Self::ClearRouteCache => matches!(version, AbiVersion::V0_1_0),
            Self::ContinueStream | Self::CloseStream => !matches!(version, AbiVersion::V0_1_0),
            Self::GetLogLevel => matches!(version, AbiVersion::V0_2_1),
            _ => true,
        }
    }
}
