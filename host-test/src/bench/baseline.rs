//! Host calls that were counted before: what grows is noticed.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::CaseFigures;

/// Host calls of one call of each callback, by case, callback and host call.
///
/// They are exact: the same module, case and harness count the same, on every machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Baseline(BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>);

/// A count that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The case.
    pub case: String,
    /// The callback.
    pub callback: String,
    /// The host call.
    pub host_call: String,
    /// How often one call made it.
    pub before: u64,
    /// How often it makes it now.
    pub now: u64,
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            callback,
            host_call,
            before,
            now,
        } = self;
        write!(
            f,
            "{case}: {callback} calls {host_call} {now} times, it was {before}"
        )
    }
}

impl Baseline {
    /// What these cases count now.
    #[must_use]
    pub fn of(cases: &[CaseFigures]) -> Self {
        let callbacks = |case: &CaseFigures| {
            let callbacks = case.callbacks.iter();
            callbacks
                .map(|(name, figures)| {
                    let calls = figures.host_calls.iter();
                    let calls = calls.map(|(call, count)| ((*call).to_owned(), *count));
                    ((*name).to_owned(), calls.collect())
                })
                .collect()
        };
        Self(
            cases
                .iter()
                .map(|case| (case.case.clone(), callbacks(case)))
                .collect(),
        )
    }

    /// Counts that differ from those before, in both directions; a case or callback that was not
    /// there before counts from 0.
    #[must_use]
    pub fn compare(&self, now: &Self) -> Vec<Growth> {
        let mut keys: Vec<_> = self
            .entries()
            .chain(now.entries())
            .map(|(key, _)| key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .filter_map(|key| {
                let (before, now) = (self.count(key), now.count(key));
                let (case, callback, host_call) = key;
                (before != now).then(|| Growth {
                    case: case.to_owned(),
                    callback: callback.to_owned(),
                    host_call: host_call.to_owned(),
                    before,
                    now,
                })
            })
            .collect()
    }

    fn entries(&self) -> impl Iterator<Item = ((&str, &str, &str), u64)> {
        self.0.iter().flat_map(|(case, callbacks)| {
            callbacks.iter().flat_map(move |(callback, calls)| {
                let calls = calls.iter();
                calls.map(move |(call, count)| ((&case[..], &callback[..], &call[..]), *count))
            })
        })
    }

    fn count(&self, (case, callback, call): (&str, &str, &str)) -> u64 {
        let calls = self
            .0
            .get(case)
            .and_then(|callbacks| callbacks.get(callback));
        let count = calls.and_then(|calls| calls.get(call));
        count.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;

    fn baseline(json: &str) -> Baseline {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_grows_shrinks_or_is_new_is_told() {
        let before = baseline(r#"{"a": {"tick": {"get": 2, "set": 1}, "log": {"get": 1}}}"#);
        let now =
            baseline(r#"{"a": {"tick": {"get": 3, "set": 1}, "log": {}}, "b": {"x": {"set": 1}}}"#);
        let told: Vec<String> = before
            .compare(&now)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "a: log calls get 0 times, it was 1",
                "a: tick calls get 3 times, it was 2",
                "b: x calls set 1 times, it was 0",
            ]
        );
        assert!(before.compare(&before).is_empty());
    }
}
