//! Why two targets are not reached, in words and numbers.

use super::table::{grouped, of, percent, table};
use crate::measure::share;
use crate::runs::Results;
use crate::runs::bounds::{Gateways, PROBABILITY, Scanners};

/// People behind one of the large gateways.
const USERS: f64 = 500.0;

pub(super) fn bounds(results: &Results) -> String {
    format!(
        "### What is out of reach\n\n{}\n{}",
        gateways(&results.bounds.gateways),
        scanners(&results.bounds.scanners)
    )
}

fn gateways(found: &Gateways) -> String {
    let a_day = USERS * PROBABILITY;
    let two_or_more = 1.0 - (1.0 + a_day) * (-a_day).exp();
    format!(
        "**Gateways of 500.** At p = {PROBABILITY:e} they have {a_day} accidents a day, and two or \
         more on {} of days.\nTwo distinct decoys within a day flag a client in good standing: that \
         is a rule and no weight, because\notherwise a scanner that asks for one page would be \
         spared, too. Of the {} gateways {} had accidents\nat two distinct decoys within 24 hours; \
         {} were flagged, {} of them among those. Only the number of\npeople behind an address tells \
         such a gateway from a scanner, and the edge sees no people but\nconnections, of which a \
         scanner makes as many as it likes. So credit has a rate and a floor, and none of\nit grows \
         with the number of requests. What helps: low sensitivity, less weight for decoys that users\n\
         reach by mistake (`decoy_weights`), the gateway in `trusted`.\n",
        percent(two_or_more),
        found.all,
        found.twice,
        found.flagged,
        found.flagged_twice
    )
}

fn scanners(kinds: &[Scanners]) -> String {
    let sum = |count: fn(&Scanners) -> usize| kinds.iter().map(count).sum::<usize>();
    let (all, flagged) = (sum(|kind| kind.all), sum(|kind| kind.flagged));
    let (missed, with_one) = (all - flagged, sum(|kind| kind.missed_with_one_port));
    let rows = kinds.iter().map(|kind| {
        vec![
            kind.kind.label().to_owned(),
            of(kind.flagged, kind.all),
            grouped(kind.all - kind.flagged),
            grouped(kind.missed_with_one_port),
        ]
    });
    format!(
        "**Made-up scanners at the false tags of the best reference.** It has none, and of ours low \
         alone is as\nquiet: medium flags who speaks a stale protocol to a decoy, because a stranger's \
         first contact there is\nenough. Low wants 9.2 where a decoy weighs 6. Of the {} that it \
         misses, {} ({}) touched one port\nand nothing else, and cannot be told from such a client. \
         With all others flagged, low would reach {}.\n\n{}",
        grouped(missed),
        grouped(with_one),
        percent(share(with_one, missed)),
        percent(share(all - with_one, all)),
        table(
            &[
                "scanner",
                "flagged at low",
                "missed",
                "of these with one port"
            ],
            rows
        )
    )
}
