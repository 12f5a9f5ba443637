//! Figures out of samples.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::abi::{Callback, HostCall};
use crate::profile::Sample;

/// What one case has cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseFigures {
    /// The name of the case.
    pub case: String,
    /// Callbacks, by name.
    pub callbacks: BTreeMap<&'static str, CallbackFigures>,
    /// All callbacks of one connection together, from its first to its last, in nanoseconds. None
    /// where no connection has begun and ended.
    pub connection_nanos: Option<Spread>,
    /// The same of one HTTP stream.
    pub stream_nanos: Option<Spread>,
    /// Bytes of the memory of the largest VM.
    pub guest_memory_bytes: usize,
}

/// What one callback has cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallbackFigures {
    /// Time of one call, in nanoseconds, host calls included.
    pub nanos: Spread,
    /// Host calls of one call, by name, the most that one call has made.
    pub host_calls: BTreeMap<&'static str, u64>,
    /// Bytes that host calls returned to one call, the most.
    pub bytes_returned: u64,
}

/// A distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many there were.
    pub samples: usize,
    /// Half of them are below.
    pub median: u64,
    /// 99 of 100 are below.
    pub p99: u64,
}

impl Spread {
    /// Of these values; none of none.
    #[must_use]
    pub fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        let at = |hundredths: usize| values.get(values.len() * hundredths / 100).copied();
        Some(Self {
            samples: values.len(),
            median: at(50)?,
            p99: at(99)?,
        })
    }
}

impl CaseFigures {
    /// Out of the samples of a case.
    #[must_use]
    pub fn of(
        case: &str,
        samples: &BTreeMap<Callback, Vec<Sample>>,
        guest_memory_bytes: usize,
    ) -> Self {
        let callbacks = samples.iter().filter_map(|(callback, samples)| {
            let figures = CallbackFigures::of(samples)?;
            Some((callback.name(), figures))
        });
        Self {
            case: case.to_owned(),
            callbacks: callbacks.collect(),
            connection_nanos: Spread::of(contexts(samples, Callback::NewConnection)),
            stream_nanos: Spread::of(contexts(samples, Callback::RequestHeaders)),
            guest_memory_bytes,
        }
    }
}

/// The sum of each context that has begun, heard of `callback`, and ended.
fn contexts(samples: &BTreeMap<Callback, Vec<Sample>>, callback: Callback) -> Vec<u64> {
    let place = |sample: &Sample| (sample.thread, sample.vm, sample.context);
    let places = |callback| -> BTreeSet<_> {
        let of_it = samples.get(&callback).into_iter().flatten();
        of_it.map(place).collect()
    };
    let mut sums: BTreeMap<_, u64> = BTreeMap::new();
    for sample in samples.values().flatten() {
        *sums.entry(place(sample)).or_default() += sample.nanos;
    }
    let begun = places(Callback::ContextCreate);
    let ended = places(Callback::Delete);
    let whole = places(callback).into_iter();
    whole
        .filter(|place| begun.contains(place) && ended.contains(place))
        .filter_map(|place| sums.get(&place).copied())
        .collect()
}

impl CallbackFigures {
    fn of(samples: &[Sample]) -> Option<Self> {
        let nanos = samples.iter().map(|sample| sample.nanos).collect();
        let mut most: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (call, count) in samples.iter().flat_map(|sample| &sample.host_calls) {
            let name: &'static str = HostCall::name(*call);
            let place = most.entry(name).or_default();
            *place = (*place).max(*count);
        }
        Some(Self {
            nanos: Spread::of(nanos)?,
            host_calls: most,
            bytes_returned: samples
                .iter()
                .map(|sample| sample.bytes_returned)
                .max()
                .unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_spread_names_the_middle_and_the_end() {
        assert_eq!(Spread::of(Vec::new()), None);
        let spread = Spread::of((0..200).rev().collect()).unwrap();
        assert_eq!((spread.samples, spread.median, spread.p99), (200, 100, 198));
        assert_eq!(Spread::of(vec![7]).unwrap().p99, 7);
    }
}
