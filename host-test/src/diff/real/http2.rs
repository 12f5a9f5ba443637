//! Answers in HTTP/2 out of bytes, as far as they have come.

use crate::http::frame::{self, Kind, Taken};
use crate::http::hpack::Decoder;
use crate::scenario::MessageSeen;

/// The answer on a stream, none before its headers are whole, and whether the stream was reset.
pub(super) fn answer(received: &[u8], stream: u32) -> (Option<MessageSeen>, bool) {
    let mut rest = received.to_vec();
    let mut blocks = Decoder::default();
    let mut block = Vec::new();
    let mut answer: Option<MessageSeen> = None;
    while let Some(Taken::Whole(frame)) = frame::take(&mut rest) {
        let content = frame.content().unwrap_or_default();
        match frame.kind {
            Kind::Headers | Kind::Continuation => {
                block.extend_from_slice(content);
                if frame.ends_headers() {
                    // All blocks of a connection share one table.
                    let headers = blocks.decode(&std::mem::take(&mut block));
                    if frame.stream == stream {
                        add(&mut answer, headers.unwrap_or_default());
                    }
                }
            }
            Kind::Data if frame.stream == stream => {
                if let Some(answer) = &mut answer {
                    answer.body.extend_from_slice(content);
                }
            }
            Kind::ResetStream if frame.stream == stream => return (answer, true),
            _ => {}
        }
    }
    (answer, false)
}

/// Takes headers or trailers; headers of an answer before the answer do not count.
fn add(answer: &mut Option<MessageSeen>, headers: Vec<(Vec<u8>, Vec<u8>)>) {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let headers: Vec<(String, String)> = headers
        .into_iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    let status = headers.iter().find(|(name, _)| name == ":status");
    let status = status.and_then(|(_, value)| value.parse().ok());
    match answer {
        Some(answer) if status.is_none() => answer.trailers = headers,
        _ if status.is_some_and(|status: u16| status < 200) => {}
        _ => {
            *answer = Some(MessageSeen {
                status,
                headers,
                ..MessageSeen::default()
            });
        }
    }
}
