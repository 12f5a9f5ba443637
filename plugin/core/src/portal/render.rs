//! The formats of the feed.

mod csv;
mod firewall;
pub(super) mod full;

use alloc::string::String;

use xxhash_rust::xxh64::xxh64;

use super::entry::{Details, Sight};
use super::selection::{Ranked, Selection};
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

    /// How often the entries are gone through: the sets of a firewall stand one behind the other.
    const fn passes(self) -> usize {
        match self {
            Self::Nft | Self::Ipset => firewall::SETS.len(),
            Self::Json | Self::Ndjson | Self::Csv | Self::Txt => 1,
        }
    }

    /// Bytes of an entry as they mostly are, for making room once.
    const fn usual_len(self) -> usize {
        match self {
            Self::Json | Self::Ndjson => 480,
            Self::Csv => 240,
            Self::Nft => 34,
            Self::Ipset => 64,
            Self::Txt => 16,
        }
    }

    /// A hash of what is sent of this entry, apart from what changes by the hour of the day.
    pub(super) fn hash(self, sight: &Sight, details: Option<&Details>, so_far: u64) -> u64 {
        let mut text = String::new();
        sight.subject.write(&mut text);
        let hash = xxh64(text.as_bytes(), so_far);
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

/// A feed in the making.
pub(super) struct Renderer {
    format: Format,
    generated: Time,
    pass: usize,
    next: usize,
    /// Entries of this pass, or of the present line of it.
    written: usize,
    out: String,
}

impl Renderer {
    pub(super) fn new(format: Format, generated: Time, entries: usize) -> Self {
        let mut out = String::with_capacity(entries.saturating_mul(format.usual_len()) + 1_024);
        let time = generated.rfc3339();
        match format {
            Format::Json => full::begin(&mut out, time.as_str()),
            Format::Csv => csv::begin(&mut out),
            Format::Nft => firewall::begin_nft(&mut out, time.as_str(), entries),
            Format::Ipset => firewall::begin_ipset(&mut out),
            Format::Ndjson | Format::Txt => {}
        }
        Self {
            format,
            generated,
            pass: 0,
            next: 0,
            written: 0,
            out,
        }
    }

    /// Writes `count` more entries. Whether that was all.
    pub(super) fn step(
        &mut self,
        selection: &Selection,
        detector: &Detector,
        count: usize,
    ) -> bool {
        for _ in 0..count {
            let Some(ranked) = selection.ranked().get(self.next) else {
                self.end_pass();
                (self.pass, self.next, self.written) = (self.pass + 1, 0, 0);
                if self.pass >= self.format.passes() {
                    return true;
                }
                continue;
            };
            self.next += 1;
            self.entry(ranked, selection.details(ranked), detector);
        }
        false
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn entry(&mut self, ranked: &Ranked, details: Option<&Details>, detector: &Detector) {
        let sight = &ranked.sight;
        let out = &mut self.out;
        match (self.format, details) {
            (Format::Json, Some(details)) => {
                if self.written > 0 {
                    out.push(',');
                }
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
                let Some(set) = firewall::SETS.get(self.pass) else {
                    return;
                };
                if !set.holds(&sight.subject) {
                    return;
                }
                let secs = sight.expires.secs_since(self.generated);
                if self.format == Format::Nft {
                    set.nft_element(out, &sight.subject, secs, self.written);
                } else {
                    set.ipset_element(out, &sight.subject, secs);
                }
            }
            (Format::Json | Format::Ndjson | Format::Csv, None) => return,
        }
        self.written += 1;
    }

    fn end_pass(&mut self) {
        match self.format {
            Format::Json => self.out.push_str("]}\n"),
            Format::Nft => firewall::end_nft(&mut self.out, self.written),
            Format::Ipset => {
                if let Some(set) = firewall::SETS.get(self.pass) {
                    set.end_ipset(&mut self.out);
                }
            }
            Format::Ndjson | Format::Csv | Format::Txt => {}
        }
    }
}
