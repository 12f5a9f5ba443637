//! The host calls: the one file that touches the ABI.
//!
//! Raw imports of proxy-wasm ABI 0.2.1, and `random_get` of WASI. Every status comes back as a
//! value: the SDK's wrappers panic on those they do not list, and take statuses that their enum
//! does not have.

#![expect(unsafe_code, reason = "calling imports is unsafe; no other file does")]

use std::cell::Cell;
use std::ptr::null_mut;

use portscan_core::time::Time;

/// The host refused with this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostError(pub(crate) u32);

/// `CasMismatch` of the ABI.
pub(crate) const CAS_MISMATCH: HostError = HostError(8);

/// A compare-and-swap number that no value has: writes only where there is none (measured on
/// Envoy; the ABI is silent).
pub(crate) const CAS_CREATE: u32 = u32::MAX;

const OK: u32 = 0;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, text: *const u8, len: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(
        buffer: u32,
        start: usize,
        max: usize,
        bytes: *mut *mut u8,
        len: *mut usize,
    ) -> u32;
    fn proxy_get_property(
        path: *const u8,
        path_len: usize,
        value: *mut *mut u8,
        len: *mut usize,
    ) -> u32;
    fn proxy_set_property(path: *const u8, path_len: usize, value: *const u8, len: usize) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_len: usize,
        value: *mut *mut u8,
        len: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(
        key: *const u8,
        key_len: usize,
        value: *const u8,
        len: usize,
        cas: u32,
    ) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        name: *const u8,
        name_len: usize,
        value: *mut *mut u8,
        len: *mut usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(map: u32, pairs: *mut *mut u8, len: *mut usize) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_len: usize) -> u32;
    fn proxy_add_header_map_value(
        map: u32,
        name: *const u8,
        name_len: usize,
        value: *const u8,
        len: usize,
    ) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_len: usize,
        body: *const u8,
        body_len: usize,
        headers: *const u8,
        headers_len: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_close_stream(stream: u32) -> u32;
    fn proxy_set_effective_context(context_id: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, len: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_get_metric(id: u32, value: *mut u64) -> u32;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(bytes: *mut u8, len: usize) -> u32;
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Info = 2,
    Error = 4,
}

/// Writes one line to Envoy's log. A line that is refused is lost: there is no other place for it.
pub(crate) fn log(level: Level, line: &str) {
    // SAFETY: the pointer and length are those of a live string.
    let _ = unsafe { proxy_log(level as u32, line.as_ptr(), line.len()) };
}

thread_local! {
    /// What the clock said last.
    static LAST_NANOS: Cell<u64> = const { Cell::new(0) };
}

/// Nanoseconds since the Unix epoch; what it was the last time if the host will not say, or says
/// nothing and calls it a success.
pub(crate) fn now_nanos() -> u64 {
    let mut nanos = 0;
    // SAFETY: the host writes eight bytes to a live u64.
    match check(unsafe { proxy_get_current_time_nanoseconds(&raw mut nanos) }) {
        Ok(()) if nanos > 0 => LAST_NANOS.set(nanos),
        _ => nanos = LAST_NANOS.get(),
    }
    nanos
}

/// The time, in seconds.
pub(crate) fn now() -> Time {
    Time::from_unix_nanos(now_nanos())
}

/// Asks for `on_tick` of the present root context every `millis` milliseconds.
pub(crate) fn set_tick_period(millis: u32) -> Result<(), HostError> {
    // SAFETY: takes no pointers.
    check(unsafe { proxy_set_tick_period_milliseconds(millis) })
}

/// A buffer of the host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Buffer {
    DownstreamData = 2,
    VmConfiguration = 6,
    PluginConfiguration = 7,
}

/// At most `max` bytes of `buffer` from `start` on.
pub(crate) fn buffer(buffer: Buffer, start: usize, max: usize) -> Result<Vec<u8>, HostError> {
    // SAFETY: the host writes a pointer and a length to live places.
    returned(|bytes, len| unsafe { proxy_get_buffer_bytes(buffer as u32, start, max, bytes, len) })
}

/// The property at `path`, whose parts are separated by NUL; none where there is none.
pub(crate) fn property(path: &str) -> Result<Option<Vec<u8>>, HostError> {
    // SAFETY: the path is a live string; the host writes a pointer and a length to live places.
    let value =
        returned(|value, len| unsafe { proxy_get_property(path.as_ptr(), path.len(), value, len) });
    absent_as_none(value)
}

/// Sets the property at `path`, which becomes filter state `wasm.<path>` of the connection.
pub(crate) fn set_property(path: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: both pointers and lengths are those of live slices.
    check(unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
}

/// The shared value under `key` with its compare-and-swap number; none where there is none.
pub(crate) fn shared_data(key: &str) -> Result<Option<(Vec<u8>, u32)>, HostError> {
    let mut cas = 0;
    // SAFETY: the key is a live string; the host writes to three live places.
    let value = returned(|value, len| unsafe {
        proxy_get_shared_data(key.as_ptr(), key.len(), value, len, &raw mut cas)
    });
    Ok(absent_as_none(value)?.map(|value| (value, cas)))
}

/// Writes the shared value under `key` if its number still is `cas`.
pub(crate) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<(), HostError> {
    // SAFETY: both pointers and lengths are those of live slices.
    check(unsafe {
        proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas)
    })
}

/// A header map of the host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Map {
    RequestHeaders = 0,
    RequestTrailers = 1,
    ResponseHeaders = 2,
}

/// The value of the header `name`, none where there is none.
pub(crate) fn header(map: Map, name: &str) -> Result<Option<Vec<u8>>, HostError> {
    // SAFETY: the name is a live string; the host writes a pointer and a length to live places.
    let value = returned(|value, len| unsafe {
        proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), value, len)
    });
    absent_as_none(value)
}

/// All headers, serialized: [`portscan_core::header_map`] reads them.
pub(crate) fn headers(map: Map) -> Result<Vec<u8>, HostError> {
    // SAFETY: the host writes a pointer and a length to live places.
    returned(|pairs, len| unsafe { proxy_get_header_map_pairs(map as u32, pairs, len) })
}

/// Removes every header `name`.
pub(crate) fn remove_header(map: Map, name: &str) -> Result<(), HostError> {
    // SAFETY: the pointer and length are those of a live string.
    check(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Adds the header `name`.
pub(crate) fn add_header(map: Map, name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: all pointers and lengths are those of live slices.
    check(unsafe {
        let (name_at, value_at) = (name.as_ptr(), value.as_ptr());
        proxy_add_header_map_value(map as u32, name_at, name.len(), value_at, value.len())
    })
}

/// Answers the present request with `status`, serialized `headers` and `body`; `details` stands in
/// access logs.
pub(crate) fn respond(
    status: u32,
    details: &str,
    headers: &[u8],
    body: &[u8],
) -> Result<(), HostError> {
    const NO_GRPC_STATUS: i32 = -1;
    // SAFETY: all pointers and lengths are those of live slices.
    check(unsafe {
        proxy_send_local_response(
            status,
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    })
}

/// Closes the present connection.
pub(crate) fn close_downstream() -> Result<(), HostError> {
    const DOWNSTREAM: u32 = 2;
    // SAFETY: takes no pointers.
    check(unsafe { proxy_close_stream(DOWNSTREAM) })
}

/// Makes the calls that follow act on the context with this number.
pub(crate) fn set_effective_context(context_id: u32) -> Result<(), HostError> {
    // SAFETY: takes no pointers.
    check(unsafe { proxy_set_effective_context(context_id) })
}

/// What a metric does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MetricKind {
    Counter = 0,
    Gauge = 1,
}

/// The number of the metric `name`.
pub(crate) fn define_metric(kind: MetricKind, name: &str) -> Result<u32, HostError> {
    let mut id = 0;
    // SAFETY: the name is a live string; the host writes four bytes to a live u32.
    check(unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) })?;
    Ok(id)
}

/// Adds `by`, which must not be 0, to a counter.
pub(crate) fn increment_metric(id: u32, by: u32) -> Result<(), HostError> {
    // SAFETY: takes no pointers.
    check(unsafe { proxy_increment_metric(id, i64::from(by)) })
}

/// Sets a gauge.
pub(crate) fn record_metric(id: u32, value: u32) -> Result<(), HostError> {
    // SAFETY: takes no pointers.
    check(unsafe { proxy_record_metric(id, u64::from(value)) })
}

/// The value of a metric: what all instances of the module have counted.
pub(crate) fn metric(id: u32) -> Result<u64, HostError> {
    let mut value = 0;
    // SAFETY: the host writes eight bytes to a live u64.
    check(unsafe { proxy_get_metric(id, &raw mut value) })?;
    Ok(value)
}

/// Random bytes; none if the host refuses.
pub(crate) fn random<const LEN: usize>() -> Option<[u8; LEN]> {
    let mut bytes = [0; LEN];
    // SAFETY: the host writes `LEN` bytes to a live array.
    let status = unsafe { random_get(bytes.as_mut_ptr(), LEN) };
    (status == OK).then_some(bytes)
}

fn check(status: u32) -> Result<(), HostError> {
    if status == OK {
        Ok(())
    } else {
        Err(HostError(status))
    }
}

fn absent_as_none<T>(value: Result<T, HostError>) -> Result<Option<T>, HostError> {
    const NOT_FOUND: HostError = HostError(1);
    match value {
        Ok(value) => Ok(Some(value)),
        Err(NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes that a host call returns in memory which it had this module allocate.
fn returned(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, HostError> {
    let (mut bytes, mut len): (*mut u8, usize) = (null_mut(), 0);
    check(call(&raw mut bytes, &raw mut len))?;
    if bytes.is_null() || len == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the host got these bytes from this module's exported allocator, which hands out
    // boxed slices of exactly the length asked for, and gives them away with this call.
    Ok(unsafe { Vec::from_raw_parts(bytes, len, len) })
}
