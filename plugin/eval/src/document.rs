//! The document: what was measured, in words, tables and figures.

mod bounds;
mod programs;
mod table;
mod tables;
mod targets;

use std::path::Path;

use crate::calibrate::Calibration;
use crate::figures::{self, Failure};
use crate::runs::{Results, peers};

/// Writes `docs/detection.md` and its figures below `root`.
///
/// # Errors
/// A file cannot be written.
pub fn write(results: &Results, root: &Path) -> Result<(), Failure> {
    let docs = root.join("docs");
    figures::write(results, &docs.join("figures"))?;
    std::fs::write(docs.join("detection.md"), text(results))?;
    Ok(())
}

/// The document's text.
pub fn text(results: &Results) -> String {
    let sections = [
        INTRODUCTION.to_owned(),
        tables::traces(results),
        format!("## Targets\n\n{}", targets::targets(results)),
        bounds::bounds(results),
        format!(
            "## Effectiveness\n\n{QUALITY}\n{}",
            tables::quality(results)
        ),
        format!("{MISSED}\n{}", tables::missed(results)),
        format!(
            "## False tags\n\n{FALSE_TAGS}\n{}",
            tables::false_tags(results)
        ),
        format!(
            "## Beside other detectors\n\n{}\n{}\n{}",
            PEERS.replace("{p}", &format!("{:e}", peers::PROBABILITY)),
            tables::peers(results),
            programs::programs()
        ),
        format!(
            "## What each kind of evidence is worth\n\n{ABLATION}\n{}",
            tables::ablation(results)
        ),
        format!("## Slow scans\n\n{SLOW}\n{}", tables::slow(results)),
        format!("## Memory\n\n{MEMORY}\n{}", tables::memory(results)),
        format!(
            "## Weights\n\n{CALIBRATION}\n{}",
            tables::calibration(results)
        ),
        CLIENTS.to_owned(),
    ];
    sections.join("\n")
}

/// What was aimed at, and what is reached.
pub fn targets(results: &Results) -> String {
    targets::targets(results)
}

/// Estimates beside weights.
pub fn calibration(calibration: &Calibration) -> String {
    tables::calibration_table(calibration)
}

/// The probabilities, as they are written.
fn power_of_ten(probability: f64) -> String {
    format!("{probability:e}")
}

const INTRODUCTION: &str = "\
# How good the detection is

This document is written by `./justw eval`, which measures the detector in this tree: the code that
the module runs, fed with accepted connections. Do not edit it; run the recipe, and read what
changed. The crate `portscan-eval` in `plugin/eval` is all there is to it.

- **Effectiveness**: scanners flagged, of all scanners that the edge saw.
- **Efficiency**: scanners flagged, of all sources flagged.
- **N̄**: contacts until a scanner was flagged, the flagging one included, in the mean.
- **Tagged contacts**: contacts of scanners that upstreams see with a tag, the flagging one included.
- **False tags**: harmless clients that were flagged, in 100,000 client-days. A client-day is one
  person, or one machine, on one day; 500 people behind one address are 500 client-days a day.
";

const QUALITY: &str = "\
All ports but the real ones are decoys, unless decoys are learnt. `low`, `medium` and `high` are the
sensitivities. What a scanner does at a decoy that nobody else touches flags it at once at medium; low
asks for more than one thing.
";

const MISSED: &str = "\
Scanners that medium sensitivity misses, ten of each trace at most:
";

const FALSE_TAGS: &str = "\
Honeypots have no harmless clients, so these are made up (see the last section). People touch a decoy
by accident with probability p on each day, machines never do.

![False tags against the rate of accidents](figures/detection-false-tags.svg)
";

const PEERS: &str = "\
The rivals are textbook implementations, made for this comparison from papers and documentation, with
the parameters that stand there; they are not the programs. Where a program would count rejected
connections, a contact with a decoy counts as rejected, and what is flagged stays flagged. False tags
are those among people with p = {p} and among machines, in 100,000 client-days each.

![Effectiveness of all detectors](figures/detection-effectiveness.svg)
";

const ABLATION: &str = "\
Each kind of evidence switched off in turn, at medium sensitivity: effectiveness, and in brackets the
share of the scanners' contacts that were tagged. Kinds that need TLS or HTTP to be taken apart, such
as failed handshakes, cannot show in an accept trace.
";

const SLOW: &str = "\
One source walks through ports, connects without sending a byte, and waits before the next one: over a
hundred decoys, or round and round over twelve real ports and nothing else.
How long it took until the source was flagged, and after how many contacts; a dash where two weeks,
or a hundred contacts, did not suffice.

![Time until a slow scan is found](figures/detection-slow.svg)
";

const MEMORY: &str = "\
Sources from all over the address space, each of which touches one decoy once, a million in an hour;
default policy.

![Slots and bytes against the number of sources](figures/detection-memory.svg)
";

const CALIBRATION: &str = "\
The weight of evidence is the logarithm of how much more often scanners show it than harmless clients
do. `./justw eval calibrate` prints this table. The unit is a source on a day. Harmless clients are
people who are made up, so that the estimates are as good as the assumptions about them: the rate of
accidents alone moves `decoy` by ln 10 for each factor of ten. What machines show is counted beside
them, for how many of them there are is anybody's guess. Even and odd sources are estimated apart;
where the two differ much, there is too little data.

A weight is to be looked at where the estimate is off by more than one nat. That alone is no reason to
change it. `ports`, `silent` and `network` come together with `decoy`, and what comes together must not
be counted twice. `decoy` is for edges with more accidents than assumed here. And who asks a decoy for
a served name weighs more than scanners of today would have it, because the next one can do so, too.
";

const CLIENTS: &str = "\
## How clients are made up

`plugin/eval/src/generate` makes them, the same for the same seed; each constant there says whether it
was measured or is an assumption.

| client | what it does |
|---|---|
| person | one or two visits a day, each served; an accident on a day with probability p |
| gateway | the same, 1 to 500 people behind one address; and a kind of its own with 500 |
| browser | the same, and with each visit one to three connections that stay idle |
| health checker | connects to a real port and closes every 10 s, without a byte |
| stale name | four times a day a well-formed request or handshake at one decoy, for a name that was served at this address once |
| stale protocol | the same in another protocol (MQTT) |
| dead port | a real service is down for two hours; tried after 1, 2, 4 … 300 s, half of the clients without a byte |
| monitor | services that watch from a /24, 100 addresses each, every 10 min; half ask for a page, half connect and close |
| single port | 31 % of scanners: one port, once to three times |
| distributed | 56 %: /24s of 134 addresses, one port each, sometimes two |
| vertical | 2 %: 20 to 200 ports in a row, five a second |
| slow | 3 %: up to 12 ports, 10 min to 6 h apart |
| login | 5 %: VNC or RDP, every 611 s |
| web exploit | 3 %: paths that every list of exploits has, a quarter of them at port 80 alone |

An accident is: a web alternate such as 8080 in a request for a served name (55 %), the same at another
port (20 %), another protocol such as SSH (15 %), or a web alternate without a byte (10 %). A fifth of
them come before the visit that they belong to. These shares are assumptions.

## Do it again

    ./justw eval                # measures everything, and writes this document and its figures
    ./justw eval calibrate      # prints the table of weights
    ./justw eval generate       # writes plugin/eval/data anew, from its seed

Other traces are looked for in `../shared/data` beside this tree, or where `PORTSCAN_DATA` says:
`honeytrap-2025.csv`, and `accept-lab/accept.ndjson` with `accept-lab/labels.csv`. Without them the
document has the made-up clients alone.
";
