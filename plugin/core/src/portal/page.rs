//! The dashboard's files: part of the module, as `plugin/portal` was built last.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use xxhash_rust::xxh64::xxh64;

use super::response::{Body, Etag, Response};

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    path: &'static str,
    content_type: &'static str,
    gzipped: &'static [u8],
}

/// Every file. Small enough to be sent to whoever asks, token or not: they say nothing of anybody,
/// and who has no token yet must be able to type it.
const FILES: [File; 4] = [
    File {
        path: "/",
        content_type: "text/html; charset=utf-8",
        gzipped: include_bytes!("../../../portal/dist/index.html.gz"),
    },
    File {
        path: "/app.js",
        content_type: "text/javascript; charset=utf-8",
        gzipped: include_bytes!("../../../portal/dist/app.js.gz"),
    },
    File {
        path: "/app.css",
        content_type: "text/css; charset=utf-8",
        gzipped: include_bytes!("../../../portal/dist/app.css.gz"),
    },
    File {
        path: "/icon.svg",
        content_type: "image/svg+xml",
        gzipped: include_bytes!("../../../portal/dist/icon.svg.gz"),
    },
];

/// What the page may load and do: its own files, its own portal, nothing else; and nobody may put
/// it in a frame.
const SECURITY_POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl File {
    /// The file at this path.
    pub(super) fn at(path: &str) -> Option<Self> {
        FILES.into_iter().find(|file| file.path == path)
    }

    /// The file, gzipped: there is no other copy, and no browser that wants one.
    pub(super) fn response(&self) -> Response {
        let etag = Etag::new(xxh64(self.gzipped, 0));
        let headers = [
            ("content-type", self.content_type),
            ("content-encoding", "gzip"),
            // After an update of the module the page must not meet the script of the last one.
            ("cache-control", "no-cache"),
            ("content-security-policy", SECURITY_POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ];
        let headers = headers.map(|(name, value)| (name, Cow::Borrowed(value)));
        let mut headers = Vec::from(headers);
        headers.push(("etag", Cow::Owned(etag.text())));
        Response {
            status: 200,
            headers,
            body: Body::Static(self.gzipped),
        }
    }
}
