//! What came of a job.

use alloc::borrow::Cow;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Job, Task};
use crate::digits::Digits;
use crate::portal::response::{Body, Etag, Response, not_modified};
use crate::time::Time;

/// An answer that can be given several times.
pub(in crate::portal) struct Finished {
    content_type: &'static str,
    generated: Time,
    /// How many entries a feed has.
    entries: Option<usize>,
    /// Which version it is, where versions are told.
    etag: Option<Etag>,
    /// Nothing where nobody wanted it.
    body: Option<Rc<String>>,
}

impl Finished {
    /// Whether it may be given to others, too.
    pub(in crate::portal) const fn is_for_all(&self) -> bool {
        self.body.is_some() && self.etag.is_some()
    }

    /// The answer to a client that has this version.
    pub(in crate::portal) fn response(&self, known: Option<Etag>) -> Response {
        let cache = match self.etag {
            Some(_) => "max-age=1",
            None => "no-store",
        };
        let mut response = match (&self.body, self.etag) {
            (_, Some(etag)) if known == Some(etag) => not_modified(etag),
            (None, Some(etag)) => not_modified(etag),
            (body, _) => Response {
                status: 200,
                headers: Vec::from([
                    ("content-type", Cow::Borrowed(self.content_type)),
                    ("cache-control", Cow::Borrowed(cache)),
                ]),
                body: body
                    .as_ref()
                    .map_or(Body::Static(b""), |body| Body::Made(body.clone())),
            },
        };
        if let (200, Some(etag)) = (response.status, self.etag) {
            response.headers.push(("etag", Cow::Owned(etag.text())));
        }
        if let Some(entries) = self.entries {
            let entries = Digits::of(u32::try_from(entries).unwrap_or(u32::MAX));
            let time = self.generated.rfc3339();
            response.headers.extend([
                ("x-feed-generated-at", Cow::Owned(time.as_str().into())),
                ("x-feed-entries", Cow::Owned(entries.as_str().into())),
            ]);
        }
        response
    }
}

impl From<Job> for Finished {
    fn from(job: Job) -> Self {
        let time = job.generated.rfc3339();
        let of_body = || {
            let body = job.body.as_deref()?;
            Some(Etag::of(body, time.as_str()))
        };
        let (content_type, entries, etag) = match &job.task {
            Task::Feed { format, .. } => (
                format.content_type(),
                Some(job.selection.ranked().len()),
                Some(Etag::new(job.etag)),
            ),
            // Relative to the time of the request, and to the bouncer.
            Task::Decisions(_) => ("application/json", None, None),
            Task::Summary | Task::Kinds => ("application/json", None, of_body()),
        };
        Self {
            content_type,
            generated: job.generated,
            entries,
            etag,
            body: job.body.map(Rc::new),
        }
    }
}
