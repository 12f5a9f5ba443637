//! HTTP calls of guests. See [`crate::callout`] for what becomes of them.

use wasmtime::{Caller, Linker};

use super::call::{At, Refusal, host_call};
use crate::abi::{HostCall, Pairs, Status, decode_pairs};
use crate::callout::{CallKind, CallRequest, PendingCall};
use crate::guest::State;
use crate::http::{HeaderKind, HeaderMap};

/// Adds `proxy_http_call`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::HttpCall.name(), http_call)?;
    Ok(())
}

/// The token is written first, as 0, to see that it can be.
#[expect(clippy::too_many_arguments, reason = "the ABI has as many")]
fn http_call(
    caller: Caller<'_, State>,
    cluster: u32,
    cluster_len: u32,
    headers: u32,
    headers_len: u32,
    body: u32,
    body_len: u32,
    trailers: u32,
    trailers_len: u32,
    timeout_millis: u32,
    token_at: u32,
) -> wasmtime::Result<u32> {
    let cluster = At(cluster, cluster_len);
    host_call(caller, HostCall::HttpCall, Some(cluster), |call| {
        let cluster = call.read("cluster", cluster)?;
        let body = call.read("body", At(body, body_len))?;
        let headers = call.read("headers", At(headers, headers_len))?;
        let trailers = call.read("trailers", At(trailers, trailers_len))?;
        call.note_number("timeout_millis", timeout_millis);
        call.write(token_at, &0_u32.to_le_bytes())?;
        if timeout_millis.cast_signed() < 0 {
            return Err(Status::BadArgument.into());
        }
        let state = call.state();
        let cluster = state.cluster(&cluster).ok_or(Status::BadArgument)?;
        let request = CallRequest::Http {
            cluster,
            headers: request_headers(&headers, body.len()).ok_or(Status::BadArgument)?,
            body,
            trailers: self::trailers(&trailers),
        };
        let token = state.call_out(request, timeout_millis)?;
        state.let_answer(CallKind::Http, token);
        call.write_u32("token", token_at, token)
    })
}

/// Headers as they go to the server; none if one is missing that Envoy insists on.
fn request_headers(encoded: &[u8], body_len: usize) -> Option<Pairs> {
    let mut headers = HeaderMap::of(HeaderKind::Request, decode_pairs(encoded));
    let needed = [&b":path"[..], b":method", b":authority"];
    if needed.iter().any(|name| headers.get(name).is_none()) {
        return None;
    }
    if body_len > 0 {
        headers.overwrite(b"content-length", body_len.to_string().as_bytes());
    }
    Some(headers.pairs().to_vec())
}

/// Trailers or metadata as they go to the server.
pub(super) fn trailers(encoded: &[u8]) -> Pairs {
    let trailers = HeaderMap::of(HeaderKind::Trailers, decode_pairs(encoded));
    trailers.pairs().to_vec()
}

impl State {
    /// The cluster of this name, if there is one.
    pub(super) fn cluster(&self, name: &[u8]) -> Option<String> {
        let name = str::from_utf8(name).ok()?;
        let is_known = self.shared.callouts.has_cluster(name);
        is_known.then(|| name.to_owned())
    }

    /// Opens a call of the root of the present context. Without a time, it waits for ever. Its
    /// token.
    pub(super) fn call_out(
        &mut self,
        request: CallRequest,
        timeout_millis: u32,
    ) -> Result<u32, Refusal> {
        const NANOS_PER_MILLI: u64 = 1_000_000;
        let (root, context) = self.root().ok_or(Status::InternalFailure)?;
        let plugin = context.plugin.name.clone();
        let (thread, shared) = (self.thread, self.shared.clone());
        let started_nanos = shared.clock.monotonic_nanos();
        let timeout_nanos = u64::from(timeout_millis) * NANOS_PER_MILLI;
        let opened = self
            .callouts
            .open(root, request, |token, request| PendingCall {
                id: shared.callouts.next_id(),
                thread,
                token,
                plugin,
                request,
                started_nanos,
                due_nanos: (timeout_millis > 0)
                    .then(|| started_nanos.saturating_add(timeout_nanos)),
            });
        Ok(opened?)
    }

    /// Lets the responder of its cluster answer a call. The guest hears of it after its callback.
    pub(super) fn let_answer(&mut self, kind: CallKind, token: u32) {
        let Some(call) = self.callouts.find_pending(kind, token) else {
            return;
        };
        let id = call.id;
        let answers = self.shared.callouts.answers(call);
        let now = self.shared.clock.monotonic_nanos();
        for answer in answers {
            if let Err(error) = self.callouts.answer(id, answer, now) {
                self.log_by_host(format!("responder: {error}"));
            }
        }
    }
}
