//! The formats of the feed.

mod csv;
mod firewall;
pub(super) mod full;

use alloc::string::String;
use core::net::IpAddr;

use xxhash_rust::xxh64::xxh64;

use super::decisions::Pull;
use super::entry::{Details, Sight};
use super::selection::Selection;
use crate::detector::Detector;
use crate::time::Time;

/// A format of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Ndjson,
    Csv,
    Txt,
    Nft,
    Ipset,
}

/// Most entries of a format that says everything: about 8 MB, which Envoy copies twice in one go.
const FULL_MAX: u32 = 16_384;
/// Most entries of a list of addresses: about 3 MB.
const LIST_MAX: u32 = 65_536;

impl Format {
    pub(super) const ALL: [Self; 6] = [
        Self::Json,
        Self::Ndjson,
        Self::Csv,
        Self::Txt,
        Self::Nft,
        Self::Ipset,
    ];

    /// The extension in the path.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Txt => "txt",
            Self::Nft => "nft",
            Self::Ipset => "ipset",
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Txt | Self::Nft | Self::Ipset => "text/plain; charset=utf-8",
        }
    }

    /// Most entries.
    pub(super) const fn max(self) -> u32 {
        if self.is_full() { FULL_MAX } else { LIST_MAX }
    }

    /// Whether it says everything of an entry.
    pub(super) const fn is_full(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson | Self::Csv)
    }

    /// A hash of what is sent of this entry, apart from what changes by the hour of the day.
    pub(super) fn hash(self, sight: &Sight, details: Option<&Details>, so_far: u64) -> u64 {
        let hash = match sight.subject.address {
            IpAddr::V4(v4) => xxh64(&v4.octets(), so_far),
            IpAddr::V6(v6) => xxh64(&v6.octets(), so_far),
        };
        let hash = hash ^ u64::from(sight.subject.prefix);
        match (self, details) {
            (Self::Txt, _) => hash,
            (_, Some(Details::Source(bytes))) => xxh64(bytes, hash ^ u64::from(sight.risk)),
            (_, Some(Details::Network(network))) => {
                xxh64(&network.last.unix_secs().to_le_bytes(), hash)
            }
            (_, None) => xxh64(&sight.expires.unix_secs().to_le_bytes(), hash),
        }
    }
}

/// What is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Feed(Format),
    Decisions(Pull),
}

impl Form {
    /// How often entries are gone through: the sets of a firewall stand one behind the other, and so
    /// do decisions that have ended and new ones.
    const fn passes(&self) -> usize {
        match self {
            Self::Feed(Format::Nft | Format::Ipset) => firewall::SETS.len(),
            Self::Feed(Format::Json | Format::Ndjson | Format::Csv | Format::Txt) => 1,
            Self::Decisions(_) => 2,
        }
    }

    /// Bytes of an entry as they mostly are, for making room once.
    const fn usual_len(&self) -> usize {
        match self {
            Self::Feed(Format::Json | Format::Ndjson) => 480,
            Self::Feed(Format::Csv) => 240,
            Self::Feed(Format::Nft) => 34,
            Self::Feed(Format::Ipset) => 64,
            Self::Feed(Format::Txt) => 16,
            Self::Decisions(_) => 160,
        }
    }
}

/// What there is to write.
pub(super) struct Lists<'a> {
    /// What is flagged.
    pub(super) selection: &'a Selection,
    /// What is not any more.
    pub(super) ended: &'a [Sight],
}

/// An answer in the making.
pub(super) struct Renderer {
    form: Form,
    generated: Time,
    pass: usize,
    next: usize,
    /// Entries of this pass.
    written: usize,
    out: String,
}

impl Renderer {
    pub(super) fn new(form: Form, generated: Time, entries: usize) -> Self {
        let mut out = String::with_capacity(entries.saturating_mul(form.usual_len()) + 1_024);
        let time = generated.rfc3339();
        match form {
            Form::Feed(Format::Json) => full::begin(&mut out, time.as_str()),
            Form::Feed(Format::Csv) => csv::begin(&mut out),
            Form::Feed(Format::Nft) => firewall::begin_nft(&mut out, time.as_str(), entries),
            Form::Feed(Format::Ipset) => firewall::begin_ipset(&mut out),
            Form::Feed(Format::Ndjson | Format::Txt) => {}
            Form::Decisions(_) => out.push_str("{\"deleted\":"),
        }
        Self {
            form,
            generated,
            pass: 0,
            next: 0,
            written: 0,
            out,
        }
    }

    /// Writes `count` more entries. Whether that was all.
    pub(super) fn step(&mut self, lists: &Lists<'_>, detector: &Detector, count: usize) -> bool {
        for _ in 0..count {
            let is_written = match (&self.form, self.pass) {
                (Form::Decisions(pull), 0) => {
                    let pull = *pull;
                    let ended = lists.ended.get(self.next);
                    ended.map(|sight| self.decision(&pull, sight))
                }
                (Form::Decisions(pull), _) => {
                    let pull = *pull;
                    let ranked = lists.selection.ranked().get(self.next);
                    ranked.map(|ranked| self.decision(&pull, &ranked.sight))
                }
                (Form::Feed(format), _) => {
                    let format = *format;
                    let ranked = lists.selection.ranked().get(self.next);
                    ranked.map(|ranked| {
                        let details = lists.selection.details(ranked);
                        self.entry(format, &ranked.sight, details, detector)
                    })
                }
            };
            self.next += 1;
            if let Some(is_written) = is_written {
                self.written += usize::from(is_written);
                continue;
            }
            self.end_pass();
            (self.pass, self.next, self.written) = (self.pass + 1, 0, 0);
            if self.pass >= self.form.passes() {
                return true;
            }
        }
        false
    }

    /// The whole text.
    pub(super) fn take(&mut self) -> String {
        core::mem::take(&mut self.out)
    }

    fn decision(&mut self, pull: &Pull, sight: &Sight) -> bool {
        self.out.push(if self.written > 0 { ',' } else { '[' });
        pull.write(&mut self.out, sight, self.generated);
        true
    }

    /// Writes an entry of the feed. Whether it has a place in this pass.
    fn entry(
        &mut self,
        format: Format,
        sight: &Sight,
        details: Option<&Details>,
        detector: &Detector,
    ) -> bool {
        let out = &mut self.out;
        match (format, details) {
            (Format::Json, Some(details)) => {
                out.push_str(if self.written > 0 { "," } else { "" });
                full::entry(out, sight, details, detector, self.generated);
            }
            (Format::Ndjson, Some(details)) => {
                full::entry(out, sight, details, detector, self.generated);
                out.push('\n');
            }
            (Format::Csv, Some(details)) => {
                csv::entry(out, sight, details, detector, self.generated);
            }
            (Format::Txt, _) => {
                sight.subject.write(out);
                out.push('\n');
            }
            (Format::Nft | Format::Ipset, _) => {
                let set = firewall::SETS.get(self.pass);
                let Some(set) = set.filter(|set| set.holds(&sight.subject)) else {
                    return false;
                };
                let secs = sight.expires.secs_since(self.generated);
                if format == Format::Nft {
                    set.nft_element(out, &sight.subject, secs, self.written);
                } else {
                    set.ipset_element(out, &sight.subject, secs);
                }
            }
            (Format::Json | Format::Ndjson | Format::Csv, None) => return false,
        }
        true
    }

    fn end_pass(&mut self) {
        match &self.form {
            Form::Feed(Format::Json) => self.out.push_str("]}\n"),
            Form::Feed(Format::Nft) => firewall::end_nft(&mut self.out, self.written),
            Form::Feed(Format::Ipset) => {
                if let Some(set) = firewall::SETS.get(self.pass) {
                    set.end_ipset(&mut self.out);
                }
            }
            Form::Feed(Format::Ndjson | Format::Csv | Format::Txt) => {}
            Form::Decisions(_) => {
                // CrowdSec says null where there is none.
                self.out
                    .push_str(if self.written > 0 { "]" } else { "null" });
                self.out
                    .push_str(if self.pass == 0 { ",\"new\":" } else { "}\n" });
            }
        }
    }
}
