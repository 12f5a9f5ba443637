//! Who decides which piece goes on: a systematic search, chance, or a schedule that is replayed.

use super::footprint::Footprint;
use super::schedule::Schedule;

/// Decides, stretch after stretch.
#[derive(Debug)]
pub(super) enum Strategy {
    Search(Search),
    Random(fastrand::Rng),
    Replay(Replay),
}

impl Strategy {
    /// Follows `schedule`.
    pub(super) fn follow(schedule: &Schedule) -> Self {
        match schedule {
            Schedule::Seed(seed) => Self::Random(fastrand::Rng::with_seed(*seed)),
            Schedule::Choices(choices) => Self::Replay(Replay {
                choices: choices.clone(),
                used: 0,
                misfit: None,
            }),
        }
    }

    /// Who of `options`, which are not empty, goes on; `usual` is who would if nobody had a say.
    pub(super) fn choose(&mut self, options: &[usize], usual: usize) -> usize {
        match self {
            Self::Search(search) => search.choose(options, usual),
            _ if options.len() < 2 => usual,
            Self::Random(rng) => {
                let index = rng.usize(..options.len());
                options.get(index).copied().unwrap_or(usual)
            }
            Self::Replay(replay) => replay.choose(options, usual),
        }
    }

    /// The piece that was chosen has come to its next point, or to its end.
    pub(super) fn done(&mut self, footprint: &Footprint) {
        if let Self::Search(search) = self {
            search.done(footprint);
        }
    }

    /// Why what happened is not what was to be followed.
    pub(super) fn misfit(&self) -> Option<String> {
        match self {
            Self::Search(search) => search.misfit.clone(),
            Self::Random(_) => None,
            Self::Replay(replay) => replay.misfit(),
        }
    }
}

/// Follows choices that were written down.
#[derive(Debug)]
pub(super) struct Replay {
    choices: Vec<usize>,
    used: usize,
    misfit: Option<String>,
}

impl Replay {
    fn choose(&mut self, options: &[usize], usual: usize) -> usize {
        let Some(wanted) = self.choices.get(self.used) else {
            return usual;
        };
        self.used += 1;
        if options.contains(wanted) {
            return *wanted;
        }
        let used = self.used;
        self.misfit.get_or_insert_with(|| {
            format!("choice {used} is worker {wanted}, but only {options:?} can go on")
        });
        usual
    }

    fn misfit(&self) -> Option<String> {
        let left = self.choices.len().saturating_sub(self.used);
        let left_over = || format!("{left} choices are left over: nobody had to choose any more");
        self.misfit.clone().or_else(|| (left > 0).then(left_over))
    }
}

/// Tries everything up to a depth, one execution after the other, depth first.
///
/// Where it is reduced it leaves out what would only be another order of stretches that commute, by
/// sleep sets (Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems",
/// LNCS 1032, 1996, chapter 5): a piece that was tried at a point sleeps in the branches that come
/// after it, until a stretch runs that does not commute with its own.
#[derive(Debug, Default)]
pub(super) struct Search {
    depth: usize,
    is_reduced: bool,
    /// The path from the beginning to the last point where there is something left to try.
    path: Vec<Node>,
    /// Nodes of the path that this execution must follow.
    fixed: usize,
    /// Stretches that have run.
    passed: usize,
    /// Points at which there was a choice.
    choices: usize,
    chosen: usize,
    sleeping: Vec<Tried>,
    is_recording: bool,
    /// This execution is the same as an earlier one but for the order of stretches that commute.
    pub(super) is_redundant: bool,
    /// There was a choice beyond the depth.
    pub(super) is_cut: bool,
    misfit: Option<String>,
}

/// A point on the path.
#[derive(Debug)]
struct Node {
    options: Vec<usize>,
    chosen: usize,
    footprint: Footprint,
    sleeping: Vec<Tried>,
    tried: Vec<Tried>,
}

/// A piece, and what its next stretch touches.
#[derive(Clone, Debug)]
struct Tried {
    piece: usize,
    footprint: Footprint,
}

impl Search {
    /// A search that has tried nothing.
    pub(super) fn new(depth: usize, is_reduced: bool) -> Self {
        Self {
            depth,
            is_reduced,
            is_recording: true,
            ..Self::default()
        }
    }

    fn choose(&mut self, options: &[usize], usual: usize) -> usize {
        self.chosen = match self
            .path
            .get(self.passed)
            .filter(|_| self.passed < self.fixed)
        {
            Some(node) if node.options == options => node.chosen,
            Some(node) => {
                let known = &node.options;
                self.misfit.get_or_insert_with(|| {
                    format!("before, {known:?} could go on here, and now {options:?}")
                });
                usual
            }
            None => self.choose_anew(options, usual),
        };
        self.choices += usize::from(options.len() > 1);
        self.chosen
    }

    fn choose_anew(&mut self, options: &[usize], usual: usize) -> usize {
        let is_awake = |piece: &usize| self.sleeping.iter().all(|tried| tried.piece != *piece);
        let awake = [usual].into_iter().chain(options.iter().copied());
        let chosen = awake.into_iter().find(is_awake);
        let is_beyond = options.len() > 1 && self.choices >= self.depth;
        self.is_redundant |= chosen.is_none();
        self.is_cut |= is_beyond;
        self.is_recording &= chosen.is_some() && !is_beyond;
        let chosen = chosen.unwrap_or(usual);
        if self.is_recording {
            self.path.push(Node {
                options: options.to_vec(),
                chosen,
                footprint: Footprint::default(),
                sleeping: self.sleeping.clone(),
                tried: Vec::new(),
            });
        }
        chosen
    }

    fn done(&mut self, footprint: &Footprint) {
        if let Some(node) = self.path.get_mut(self.passed) {
            node.footprint = footprint.clone();
            self.sleeping = node.sleeping.iter().chain(&node.tried).cloned().collect();
        }
        self.passed += 1;
        if !self.is_reduced {
            self.sleeping.clear();
        }
        let chosen = self.chosen;
        self.sleeping
            .retain(|tried| tried.piece != chosen && tried.footprint.commutes_with(footprint));
    }

    /// Turns to what was not tried yet. Whether there is anything.
    pub(super) fn turn(&mut self) -> bool {
        while let Some(node) = self.path.last_mut() {
            node.tried.push(Tried {
                piece: node.chosen,
                footprint: std::mem::take(&mut node.footprint),
            });
            let is_open = |piece: &usize| {
                let mut known = node.tried.iter().chain(&node.sleeping);
                known.all(|known| known.piece != *piece)
            };
            if let Some(next) = node.options.iter().copied().find(is_open) {
                node.chosen = next;
                self.begin();
                return true;
            }
            self.path.pop();
        }
        false
    }

    fn begin(&mut self) {
        self.fixed = self.path.len();
        self.passed = 0;
        self.choices = 0;
        self.sleeping.clear();
        self.is_recording = true;
        self.is_redundant = false;
        self.is_cut = false;
    }
}
