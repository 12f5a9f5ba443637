//! Metrics.
//!
//! A metric's number is that of its definition in this VM: two bits for the kind, the rest counts.
//! Two definitions of one name are two numbers of one metric.

use wasmtime::{Caller, Linker};

use super::call::{At, Call, Refusal, host_call};
use crate::abi::{HostCall, MetricType, Status};
use crate::guest::State;
use crate::shared::MetricHandle;

const KIND_BITS: u32 = 2;
const KIND_MASK: u32 = (1 << KIND_BITS) - 1;

/// Definitions of one kind that a VM may make.
const DEFINITIONS_MAX: usize = 100_000;

/// Adds `proxy_define_metric`, `proxy_increment_metric`, `proxy_record_metric` and
/// `proxy_get_metric`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("env", HostCall::DefineMetric.name(), define)?;
    linker.func_wrap("env", HostCall::IncrementMetric.name(), increment)?;
    linker.func_wrap("env", HostCall::RecordMetric.name(), record)?;
    linker.func_wrap("env", HostCall::GetMetric.name(), get)?;
    Ok(())
}

fn define(
    caller: Caller<'_, State>,
    kind: u32,
    name: u32,
    len: u32,
    id_at: u32,
) -> wasmtime::Result<u32> {
    let name = At(name, len);
    host_call(caller, HostCall::DefineMetric, Some(name), |call| {
        call.note_number("kind", kind);
        let name = call.read("name", name)?;
        let kind = MetricType::from_code(kind).ok_or(Status::BadArgument)?;
        let state = call.state();
        let [counters, gauges, histograms] = &mut state.metrics;
        let defined = match kind {
            MetricType::Counter => counters,
            MetricType::Gauge => gauges,
            MetricType::Histogram => histograms,
        };
        if defined.len() >= DEFINITIONS_MAX {
            return Err(Status::InternalFailure.into());
        }
        let name = String::from_utf8_lossy(&name);
        defined.push(state.shared.metrics.define(kind, &name));
        let number = u32::try_from(defined.len()).unwrap_or(u32::MAX);
        call.write_u32("id", id_at, number << KIND_BITS | kind.code())
    })
}

fn increment(caller: Caller<'_, State>, id: u32, by: i64) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::IncrementMetric, None, |call| {
        call.note_number("id", id);
        call.note_number("by", by.cast_unsigned());
        match find_number(call, id)? {
            (MetricType::Counter, metric) if by > 0 => metric.add(by.cast_unsigned()),
            (MetricType::Gauge, metric) => metric.add(by.cast_unsigned()),
            _ => return Err(Status::BadArgument.into()),
        }
        Ok(())
    })
}

fn record(caller: Caller<'_, State>, id: u32, value: u64) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::RecordMetric, None, |call| {
        call.note_number("id", id);
        call.note_number("value", value);
        let (_, metric) = find(call, id)?;
        metric.record(value);
        Ok(())
    })
}

fn get(caller: Caller<'_, State>, id: u32, value_at: u32) -> wasmtime::Result<u32> {
    host_call(caller, HostCall::GetMetric, None, |call| {
        call.note_number("id", id);
        let (_, metric) = find_number(call, id)?;
        call.write_u64("value", value_at, metric.value())
    })
}

/// Finds a counter or a gauge; whatever cannot be one is a bad argument, defined or not.
fn find_number(call: &mut Call<'_>, id: u32) -> Result<(MetricType, MetricHandle), Refusal> {
    match MetricType::from_code(id & KIND_MASK) {
        Some(MetricType::Counter | MetricType::Gauge) => find(call, id),
        Some(MetricType::Histogram) | None => Err(Status::BadArgument.into()),
    }
}

fn find(call: &mut Call<'_>, id: u32) -> Result<(MetricType, MetricHandle), Refusal> {
    let kind = MetricType::from_code(id & KIND_MASK).ok_or(Status::NotFound)?;
    let [counters, gauges, histograms] = &call.state().metrics;
    let defined = match kind {
        MetricType::Counter => counters,
        MetricType::Gauge => gauges,
        MetricType::Histogram => histograms,
    };
    let index = usize::try_from(id >> KIND_BITS).ok();
    let metric = index.and_then(|number| defined.get(number.checked_sub(1)?));
    Ok((kind, metric.ok_or(Status::NotFound)?.clone()))
}
