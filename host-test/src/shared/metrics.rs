//! Metrics by name, summed over all VMs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::lock;
use crate::abi::MetricType;

/// One metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// What it does.
    pub kind: MetricType,
    /// The count, or what was recorded last.
    pub value: u64,
    /// Samples of a histogram.
    pub samples: Vec<u64>,
}

/// Samples of one histogram that are kept; the first ones.
const SAMPLES_MAX: usize = 100_000;

/// Metrics of the process: those of plugins under the name they gave, without `wasmcustom.`, those
/// of Envoy under their own.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<BTreeMap<(String, MetricType), MetricHandle>>);

/// A metric that was defined.
#[derive(Clone, Debug)]
pub struct MetricHandle(Arc<Mutex<Metric>>);

impl Metrics {
    /// The metric of this kind and name, made where there is none.
    pub fn define(&self, kind: MetricType, name: &str) -> MetricHandle {
        // A name is parts with dots between; Envoy takes empty ones from its end.
        let name = name.trim_end_matches('.');
        let mut all = lock(&self.0);
        let metric = all.entry((name.to_owned(), kind)).or_insert_with(|| {
            MetricHandle(Arc::new(Mutex::new(Metric {
                kind,
                value: 0,
                samples: Vec::new(),
            })))
        });
        metric.clone()
    }

    /// The value of a counter or gauge, the last sample of a histogram; of several kinds under
    /// this name the first in the order counter, gauge, histogram.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        let all = lock(&self.0);
        let of = |kind: &MetricType| all.get(&(name.to_owned(), *kind)).map(MetricHandle::value);
        MetricType::ALL.iter().find_map(of)
    }

    /// All metrics, in the order of their names.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Metric)> {
        let all = lock(&self.0);
        all.iter()
            .map(|((name, _), metric)| (name.clone(), lock(&metric.0).clone()))
            .collect()
    }
}

impl MetricHandle {
    /// The count, or what was recorded last.
    #[must_use]
    pub fn value(&self) -> u64 {
        lock(&self.0).value
    }

    /// Adds to it; numbers wrap, as Envoy's do.
    pub fn add(&self, by: u64) {
        let mut metric = lock(&self.0);
        metric.value = metric.value.wrapping_add(by);
    }

    /// Sets a gauge, adds to a counter, adds a sample to a histogram.
    pub fn record(&self, value: u64) {
        let mut metric = lock(&self.0);
        match metric.kind {
            MetricType::Counter => metric.value = metric.value.wrapping_add(value),
            MetricType::Gauge => metric.value = value,
            MetricType::Histogram => {
                metric.value = value;
                if metric.samples.len() < SAMPLES_MAX {
                    metric.samples.push(value);
                }
            }
        }
    }
}
