//! Rounds: every case several times, twice in each round, so that a figure comes with what the
//! machine makes of the same thing twice.

use serde::Serialize;

use super::run::{NoFigures, measure};
use super::{CaseFigures, Spread};
use crate::guest::Engine;
use crate::scenario::Case;

/// What a case has cost in all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rounds {
    /// The figures of the round whose time is the middle one.
    #[serde(flatten)]
    pub figures: CaseFigures,
    /// The time of the second run of a round, divided by that of the first: the same module twice.
    pub again: Ratio,
}

/// Ratios of pairs of runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// How many pairs.
    pub pairs: usize,
    /// The middle one.
    pub median: f64,
    /// A quarter is below.
    pub low: f64,
    /// A quarter is above.
    pub high: f64,
}

/// The most by which the same module twice may differ before the times say nothing.
pub const NOISE_MAX: f64 = 0.03;

impl Ratio {
    /// Of these pairs; none of none.
    #[must_use]
    pub fn of(mut ratios: Vec<f64>) -> Option<Self> {
        ratios.sort_unstable_by(f64::total_cmp);
        let at = |quarters: usize| {
            ratios
                .get((ratios.len() * quarters / 4).min(ratios.len().checked_sub(1)?))
                .copied()
        };
        Some(Self {
            pairs: ratios.len(),
            low: at(1)?,
            median: at(2)?,
            high: at(3)?,
        })
    }

    /// Whether the machine was quiet enough for the times to say something.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        (self.median - 1.0).abs() <= NOISE_MAX
    }
}

/// Plays each case `rounds` times, and each time twice; all cases take turns.
///
/// Fails when a case does not pass, or measures nothing: its name and why.
pub fn measure_rounds(
    cases: &[Case],
    rounds: usize,
    engine: &Engine,
    mut progress: impl FnMut(usize),
) -> Result<Vec<Rounds>, (String, NoFigures)> {
    let mut taken: Vec<Vec<(CaseFigures, f64)>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        progress(round);
        for (case, taken) in cases.iter().zip(&mut taken) {
            let run = || measure(case, engine).map_err(|error| (case.name.clone(), error));
            let (first, second) = (run()?, run()?);
            // Which of the two is the second changes, so that a machine that warms up shows.
            let ratio = typical_nanos(&second) / typical_nanos(&first);
            taken.push((first, if round % 2 == 0 { ratio } else { ratio.recip() }));
        }
    }
    Ok(taken.into_iter().filter_map(middle).collect())
}

fn middle(mut taken: Vec<(CaseFigures, f64)>) -> Option<Rounds> {
    let again = Ratio::of(taken.iter().map(|(_, ratio)| *ratio).collect())?;
    taken.sort_by(|(a, _), (b, _)| typical_nanos(a).total_cmp(&typical_nanos(b)));
    let middle = taken.len() / 2;
    let (figures, _) = taken.into_iter().nth(middle)?;
    Some(Rounds { figures, again })
}

/// The median of all callbacks of a connection, or of a stream, or of the callback that ran most often.
fn typical_nanos(figures: &CaseFigures) -> f64 {
    let busiest = figures.callbacks.values().map(|callback| callback.nanos);
    let busiest = busiest.max_by_key(|nanos| nanos.samples);
    let spread: Option<Spread> = figures
        .connection_nanos
        .or(figures.stream_nanos)
        .or(busiest);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one callback")]
    spread.map_or(f64::NAN, |spread| spread.median as f64)
}

#[cfg(test)]
mod tests {
    use super::Ratio;

    #[test]
    fn a_ratio_names_the_middle_and_the_quarters() {
        assert_eq!(Ratio::of(Vec::new()), None);
        let ratio = Ratio::of(vec![1.2, 0.9, 1.0, 1.1, 0.8]).unwrap();
        assert_eq!((ratio.low, ratio.median, ratio.high), (0.9, 1.0, 1.1));
        assert!(ratio.is_quiet());
        assert!(!Ratio::of(vec![1.04]).unwrap().is_quiet());
    }
}
