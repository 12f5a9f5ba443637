//! The bytes of one direction of a stream.

/// Which bytes pass the filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The part that has just come.
    Frame,
    /// What a filter has kept.
    Kept,
}

/// The body of one direction.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// What filters have kept; once something was kept it stays, maybe empty.
    pub(super) kept: Option<Vec<u8>>,
    /// The part that passes the filters now.
    pub(super) frame: Vec<u8>,
    /// Whether too much of it waits at the sender instead of being an error.
    pub(super) is_streaming: bool,
    /// How deep in callbacks of filters about this direction.
    pub(super) depth: u32,
    /// The last part is under way: trailers can still be added.
    pub(super) is_ending: bool,
    /// A local reply has ended the way through the filters.
    pub(super) is_aborted: bool,
}

impl Body {
    /// The bytes that pass the filters.
    pub(super) fn source(&mut self, source: Source) -> Option<&mut Vec<u8>> {
        match source {
            Source::Frame => Some(&mut self.frame),
            Source::Kept => self.kept.as_mut(),
        }
    }

    /// Keeps what passes the filters.
    pub(super) fn keep(&mut self, source: Source) {
        if source == Source::Frame {
            let frame = std::mem::take(&mut self.frame);
            self.kept.get_or_insert_default().extend(frame);
        }
    }
}
