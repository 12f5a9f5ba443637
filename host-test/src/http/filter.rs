//! A filter of a stream and what it says.

use std::sync::Arc;

use super::plugin::PluginFilter;
use crate::config::{HeaderMutation, Rbac};

/// Towards the upstream or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The request.
    Decode,
    /// The response.
    Encode,
}

/// What a filter says after headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadersStatus {
    Continue,
    /// The headers wait here, the body comes.
    StopIteration,
    /// Everything waits; too much body is an error.
    StopAllBuffer,
    /// Everything waits; too much body waits at the client.
    StopAllWatermark,
}

/// What a filter says after a part of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataStatus {
    Continue,
    /// It waits here; too much of it is an error.
    StopAndBuffer,
    /// It waits here; too much of it waits at the client.
    StopAndWatermark,
    /// It is gone.
    StopNoBuffer,
}

/// What a filter says after trailers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrailersStatus {
    Continue,
    StopIteration,
}

/// Where a filter has brought one direction to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Iteration {
    #[default]
    Continue,
    StopSingle,
    StopAllBuffer,
    StopAllWatermark,
}

/// One direction at one filter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    pub(super) iteration: Iteration,
    /// The headers are past this filter.
    pub(super) has_continued_headers: bool,
    /// The filter has seen the end.
    pub(super) has_end: bool,
    /// It is asked again when everything goes on, because it has stopped everything.
    pub(super) starts_here: bool,
}

impl Side {
    pub(super) fn is_stopped_all(&self) -> bool {
        matches!(
            self.iteration,
            Iteration::StopAllBuffer | Iteration::StopAllWatermark
        )
    }

    pub(super) fn can_iterate(&self) -> bool {
        self.iteration == Iteration::Continue
    }
}

/// A filter of one stream.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(super) kind: FilterKind,
    pub(super) decode: Side,
    pub(super) encode: Side,
}

impl Filter {
    pub(super) fn new(kind: FilterKind) -> Self {
        Self {
            kind,
            decode: Side::default(),
            encode: Side::default(),
        }
    }

    pub(super) fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Decode => &mut self.decode,
            Direction::Encode => &mut self.encode,
        }
    }
}

#[derive(Debug)]
pub(super) enum FilterKind {
    Plugin(PluginFilter),
    HeaderMutation(Arc<HeaderMutation>),
    Rbac(Arc<Rbac>),
    Router,
}
