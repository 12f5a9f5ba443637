//! What a plugin sees of its stream at a moment (`Context::getMap`, `getConstMap`, `getBuffer`).

use super::filter::Direction;
use super::headers::{HeaderKind, HeaderMap};
use super::state::State;
use crate::abi::HeaderMapType;

impl State {
    /// The map that the plugin at `index` can read now. `Ok(None)` while the stream is logged and
    /// has no such map, `Err` where the plugin may not see it.
    pub(crate) fn readable(
        &mut self,
        index: usize,
        map: HeaderMapType,
    ) -> Result<Option<&HeaderMap>, Invisible> {
        let plugin = self.plugin(index).ok_or(Invisible)?;
        if plugin.is_logging {
            return Ok(match map {
                HeaderMapType::RequestHeaders => self.request_headers.as_ref(),
                HeaderMapType::ResponseHeaders => self.response_headers.as_ref(),
                HeaderMapType::ResponseTrailers => self.response_trailers.as_ref(),
                _ => None,
            });
        }
        let (request, response) = (plugin.request, plugin.response);
        let map = match map {
            HeaderMapType::RequestHeaders if request.headers => &self.request_headers,
            HeaderMapType::RequestTrailers if request.trailers => &self.request_trailers,
            HeaderMapType::ResponseHeaders if response.headers => &self.response_headers,
            HeaderMapType::ResponseTrailers if response.trailers => &self.response_trailers,
            _ => return Err(Invisible),
        };
        map.as_ref().map(Some).ok_or(Invisible)
    }

    /// The map that the plugin at `index` can change now. Trailers are made for it where there are
    /// none and the last part of the body is under way.
    pub(crate) fn writable(&mut self, index: usize, map: HeaderMapType) -> Option<&mut HeaderMap> {
        match map {
            HeaderMapType::RequestTrailers => self.add_trailers(index, Direction::Decode),
            HeaderMapType::ResponseTrailers => self.add_trailers(index, Direction::Encode),
            _ => {}
        }
        let plugin = self.plugin(index)?;
        let (request, response) = (plugin.request, plugin.response);
        match map {
            HeaderMapType::RequestHeaders if request.headers => self.request_headers.as_mut(),
            HeaderMapType::RequestTrailers if request.trailers => self.request_trailers.as_mut(),
            HeaderMapType::ResponseHeaders if response.headers => self.response_headers.as_mut(),
            HeaderMapType::ResponseTrailers if response.trailers => self.response_trailers.as_mut(),
            _ => None,
        }
    }

    /// Takes what the plugin at `index` sees of the request out of its sight: it has let it go on.
    pub(crate) fn hide_request(&mut self, index: usize) {
        if let Some(plugin) = self.plugin(index) {
            let view = plugin.view(Direction::Decode);
            view.headers = false;
            view.body = None;
            view.trailers = false;
        }
    }

    fn add_trailers(&mut self, index: usize, direction: Direction) {
        let has_trailers = self.has_trailers(direction);
        let Some(plugin) = self.plugin(index) else {
            return;
        };
        let view = plugin.view(direction);
        if view.trailers || view.body.is_none() || !view.has_end || has_trailers {
            return;
        }
        view.trailers = true;
        let trailers = Some(HeaderMap::new(HeaderKind::Trailers));
        match direction {
            Direction::Decode => self.request_trailers = trailers,
            Direction::Encode => self.response_trailers = trailers,
        }
    }

    /// The body of the request that the plugin at `index` sees now.
    pub(crate) fn request_body(&mut self, index: usize) -> Option<&mut Vec<u8>> {
        self.seen_body(index, Direction::Decode)
    }

    /// The body of the response that the plugin at `index` sees now.
    pub(crate) fn response_body(&mut self, index: usize) -> Option<&mut Vec<u8>> {
        self.seen_body(index, Direction::Encode)
    }

    /// All that a filter has kept, if it was this one; else the part that passes now.
    pub(super) fn seen_body(&mut self, index: usize, direction: Direction) -> Option<&mut Vec<u8>> {
        let view = *self.plugin(index)?.view(direction);
        let body = self.body(direction);
        if view.keeps_body {
            return body.kept.as_mut();
        }
        body.source(view.body?)
    }
}

/// A plugin may not see this now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invisible;
