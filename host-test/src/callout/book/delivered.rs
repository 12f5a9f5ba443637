//! What a guest can read of what it hears now.

use super::{Book, Heard};
use crate::abi::{BufferType, HeaderMapType};
use crate::http::HeaderMap;

impl Book {
    /// A map that came with what is delivered to this root now.
    pub(crate) fn map(&self, root: u32, map: HeaderMapType) -> Option<&HeaderMap> {
        self.heard(root)?.map(map)
    }

    /// Bytes that came with what is delivered to this root now.
    pub(crate) fn buffer(&self, root: u32, buffer: BufferType) -> Option<&[u8]> {
        self.heard(root)?.buffer(buffer)
    }

    /// Whether what is delivered now comes as call data.
    pub(crate) fn has_call_data(&self) -> bool {
        let heard = self.delivered.as_ref().map(|event| &event.what);
        matches!(heard, Some(Heard::Addresses(_)))
    }

    /// The last status that this root has heard of, and while it hears of it, the words.
    pub(crate) fn status(&self, root: u32) -> (u32, &str) {
        let status = self.statuses.get(&root).copied().unwrap_or(0);
        (status, self.heard(root).map_or("", Heard::words))
    }

    fn heard(&self, root: u32) -> Option<&Heard> {
        let event = self.delivered.as_ref().filter(|event| event.root == root);
        event.map(|event| &event.what)
    }
}
