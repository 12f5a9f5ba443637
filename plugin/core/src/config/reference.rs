//! The reference of all fields, from the same constants that parsing uses.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::fields::{Choice, Switch, Whole, policy, portal, sensor, tagger};
use crate::counters::COUNTER_DOCS;
use crate::evidence::Evidence;
use crate::first_bytes::protocol::Speaks;

/// One field, as the reference shows it.
struct Entry {
    path: &'static str,
    default: String,
    allowed: String,
    meaning: &'static str,
    /// What goes wrong when it is set too low and too high, or otherwise badly.
    pitfalls: &'static str,
}

/// The table of the fields of filters, in Markdown.
pub fn plugin_fields() -> String {
    table(&[
        Entry {
            path: "role",
            default: "—".to_string(),
            allowed: words(&super::role::ROLES),
            meaning: "What the filter does.",
            pitfalls: "A sensor belongs into network filters, tagger and portal into HTTP filters, a \
                       keeper into `bootstrap_extensions`; elsewhere Envoy's first callback finds nobody.",
        },
        Entry {
            path: "policy",
            default: "—".to_string(),
            allowed: "the policy below".to_string(),
            meaning: "The policy, where the platform cannot set `vm_config.configuration`.",
            pitfalls: "In both places at once, or not the same in all filters: refused.",
        },
        switch(
            &sensor::DECOY,
            "sensor: `decoy`",
            "Nobody has business on this listener.",
            "On a real service every client is flagged at its first connection.",
        ),
        Entry {
            path: "sensor: `real_ports`",
            default: "`[]`".to_string(),
            allowed: "ports from 1 to 65535".to_string(),
            meaning: "Ports of a catch-all decoy listener that are real after all.",
            pitfalls: "A service that is missing here flags its clients.",
        },
        Entry {
            path: "sensor: `names`",
            default: "`[]`".to_string(),
            allowed: format!(
                "at most {} host names in lower case, `*.` for subdomains",
                sensor::NAMES_MAX
            ),
            meaning: "Host names served here; none means any name that is no address. Who asks for \
                      one at a real port is in good standing; who asks a decoy for one may have \
                      been lured there by a web page.",
            pitfalls: "A name that is missing costs its clients their good standing.",
        },
        switch(
            &sensor::LOGIN,
            "sensor: `login`",
            "Logins happen here: the third short session of a source in a day (under 10 s, under \
             4 KiB from the client) is evidence, and each further power of two.",
            "Who comes for short sessions, such as one command over SSH, is flagged at the fourth in \
             a day: list such clients in `trusted`.",
        ),
        Entry {
            path: "sensor: `speaks`",
            default: "`null`".to_string(),
            allowed: format!("`null`, {}", words(&Speaks::ALL.map(Speaks::name))),
            meaning: "What clients must speak here, seen by the filters (behind TLS: in it); other \
                      first bytes are evidence.",
            pitfalls: "A service that speaks something else makes its clients suspicious.",
        },
        choice(
            &sensor::STANDING,
            "sensor: `standing`",
            "Who says that a client was served: the first bytes seen here, or the tagger behind, \
             which sees the status.",
            "With `tagger` and no tagger in the chain nobody earns good standing.",
        ),
        Entry {
            default: format!("{} on decoys, else 0", sensor::HOLD_SECS.default),
            ..whole(
                &sensor::HOLD_SECS,
                "sensor: `hold_secs`",
                "Seconds after which a connection that is still open is judged and, on a decoy, \
                 closed; 0 is never.",
                "Low: slow clients are judged before they spoke. High, or 0 on a decoy: idle \
                 connections pile up to the listener's `connection_limit`.",
            )
        },
        switch(
            &tagger::OBSERVE,
            "tagger: `observe`",
            "Watch requests as a sensor watches connections, where the platform has no network \
             filters.",
            "Needs the next field.",
        ),
        switch(
            &tagger::INSPECT,
            "tagger: `inspect`",
            "Look for exploits in the target and some headers of each request, and for bare \
             addresses as hosts.",
            "Without it a scanner that only asks real ports for exploits goes unseen. With it each \
             request costs one host call more and some microseconds.",
        ),
        switch(
            &tagger::TRUSTED_ADDRESS,
            "tagger: `source_address_is_trusted`",
            "Envoy's `source.address` is the client's, as far as you trust what set it.",
            "Without `use_remote_address` any client can write an address of its choice there.",
        ),
        Entry {
            path: "portal: `token_sha256`",
            default: "`null`".to_string(),
            allowed: DIGEST.to_string(),
            meaning: "Every request must carry this token, as `authorization: Bearer TOKEN`; \
                      `POST /v1/forget` takes none but with it.",
            pitfalls: "Without it whoever reaches the listener reads everything: loopback only.",
        },
        Entry {
            path: "portal: `bouncer_key_sha256`",
            default: "`null`".to_string(),
            allowed: DIGEST.to_string(),
            meaning: "Bouncers must send this key, as `x-api-key: KEY`; they need no token then.",
            pitfalls: "Without it bouncers get what everybody gets, and no more.",
        },
        choice(
            &portal::REMEDY,
            "portal: `decisions.type`",
            "What bouncers are to do with who is flagged.",
            "A bouncer that does not know the word does what it does by default.",
        ),
        choice(
            &portal::SCOPE,
            "portal: `decisions.scope`",
            "What bouncers are told about: addresses and prefixes of IPv6 that are flagged, \
             `addresses` alone, or flagged `networks` as well.",
            "`networks`: whoever else lives there is shut out, too.",
        ),
    ])
}

const DIGEST: &str = "`null`, a SHA-256 in hex";

/// The table of the fields of the policy, in Markdown.
pub fn policy_fields() -> String {
    let mut entries = detection_fields();
    entries.extend(state_fields());
    entries.extend(action_fields());
    table(&entries)
}

fn detection_fields() -> Vec<Entry> {
    let nets = || {
        format!(
            "addresses and networks, at most {}",
            policy::NETWORKS_LISTED_MAX
        )
    };
    Vec::from([
        choice(
            &policy::SENSITIVITY,
            "sensitivity",
            "How sure before a source is flagged: the threshold is 9.2 nats (one benign source in \
             10,000), 4.6 (one in 100) or 3.0 (one in 20).",
            "Low: a stranger needs two decoys. High: weak evidence adds up sooner.",
        ),
        whole(
            &policy::VERDICT_TTL_SECS,
            "verdict_ttl_secs",
            "Seconds for which a verdict holds after the last evidence.",
            "Low: scanners come back clean. High: a reassigned address pays for its predecessor.",
        ),
        whole(
            &policy::EVIDENCE_HALF_LIFE_SECS,
            "evidence_half_life_secs",
            "Seconds in which half of all evidence is forgotten, and after which a target counts \
             anew.",
            "Low: slow scans stay below the threshold. High: accidents of weeks add up.",
        ),
        Entry {
            path: "trusted",
            default: "`[]`".to_string(),
            allowed: nets(),
            meaning: "Sources that are neither judged nor stored, such as monitoring.",
            pitfalls: "Whoever scans from there is invisible.",
        },
        Entry {
            path: "known_scanners",
            default: "`[]`".to_string(),
            allowed: format!(
                "at most {} of `{{\"actor\": \"…\", \"networks\": […]}}`",
                policy::ACTORS_MAX
            ),
            meaning: "Networks of declared scanners: flagged at the first contact with class \
                      benign, and never blocked unless they do harm. Without `networks`: those that come \
                      with the module, for alphastrike, censys, shadowserver, shodan and others.",
            pitfalls: "A network that was given back hides its next user.",
        },
        Entry {
            path: "decoy_weights",
            default: "`{}`".to_string(),
            allowed: format!(
                "ports with 0 to {} nats, in hundredths",
                policy::DECOY_WEIGHT_MAX
            ),
            meaning: "What a first contact with a decoy port weighs, instead of 6 (4 at ports that \
                      people reach by mistake, and 2 more unless a served name is asked for).",
            pitfalls: "Low: the decoy says nothing. High: one mistake is enough.",
        },
        Entry {
            path: "without",
            default: "`[]`".to_string(),
            allowed: words(&Evidence::ALL.map(Evidence::name)),
            meaning: "Kinds of evidence that weigh nothing here.",
            pitfalls: "Scanners that show themselves in no other way are missed.",
        },
        Entry {
            path: "exploits",
            default: "`[]`".to_string(),
            allowed: format!(
                "at most {} of `{{\"name\": \"…\", \"pattern\": \"…\", \"where\": [\"path\", \
                 \"query\", \"header\", \"payload\"], \"strength\": \"certain\"}}`",
                policy::EXPLOITS_MAX
            ),
            meaning: "What only attackers ask for here, beside the list: text whatever its case, \
                      `^` at the start, `$` at the end of a word, one `*` for up to 64 bytes. \
                      `certain` always counts, `probe` at decoys and where there is no such thing.",
            pitfalls: "A pattern that clients use flags them.",
        },
        Entry {
            path: "exploits_disabled",
            default: "`[]`".to_string(),
            allowed: "names of the list, `plugin/core/data/exploits.tsv`".to_string(),
            meaning: "What the list has and this edge must live with.",
            pitfalls: "Whoever asks for it goes unseen.",
        },
    ])
}

fn state_fields() -> Vec<Entry> {
    Vec::from([
        whole(
            &policy::SOURCES_CAPACITY,
            "sources.capacity",
            "Sources with evidence that are remembered.",
            "Low: unflagged ones are forgotten in a flood. High: memory. A change forgets all.",
        ),
        whole(
            &policy::SOURCES_IPV6_PREFIX,
            "sources.ipv6_prefix",
            "Bits of an IPv6 address that make a source.",
            "Low: neighbours are one source. High: one subscriber has many.",
        ),
        whole(
            &policy::FLAGGED_PER_NETWORK,
            "sources.flagged_per_network",
            "Most flagged sources of one network that are remembered at a time.",
            "Low: scanners of one network displace each other. High: one network can fill more of \
             the table.",
        ),
        whole(
            &policy::STANDING_CAPACITY,
            "standing.capacity",
            "Clients in good standing that are remembered, in each of two generations of 12 hours: \
             standing lasts for 12 to 24 hours.",
            "Low: the rest are strangers at a decoy. High: memory.",
        ),
        whole(
            &policy::NETWORKS_CAPACITY,
            "networks.capacity",
            "Networks in which something suspicious happened that are remembered.",
            "Low: a scan spread over many networks hides some of them. High: memory.",
        ),
        whole(
            &policy::NETWORKS_IPV4_PREFIX,
            "networks.ipv4_prefix",
            "Bits of an IPv4 address that make a network.",
            "Low: neighbours share a quota. High: quotas bind nobody.",
        ),
        whole(
            &policy::NETWORKS_IPV6_PREFIX,
            "networks.ipv6_prefix",
            "Bits of an IPv6 address that make a network, at most `sources.ipv6_prefix`.",
            "As above.",
        ),
    ])
}

fn action_fields() -> Vec<Entry> {
    Vec::from([
        choice(
            &policy::ACTION,
            "action",
            "`tag` only tags; `block` closes connections and answers requests with 403 from \
             `block_risk` on; `dry_run` counts and logs what `block` would do.",
            "Try `dry_run` first.",
        ),
        whole(
            &policy::BLOCK_RISK,
            "block_risk",
            "The risk from which on is blocked.",
            "Low: a single decoy contact (45) is enough. High: only broad scans are.",
        ),
        switch(
            &policy::EVENTS,
            "events",
            "What becomes of verdicts stands in Envoy's log as lines of JSON instead of words: new \
             ones, changes of class, withdrawn and expired ones.",
            "With a log level above info there are none.",
        ),
        Entry {
            path: "header",
            default: format!("`{:?}`", policy::HEADER_DEFAULT),
            allowed: format!(
                "`x-` and more of a-z, 0-9 and at most {} further '-', {} in all",
                policy::HEADER_HYPHENS_MAX - 1,
                policy::HEADER_NAME_LEN_MAX
            ),
            meaning: "The header that the tagger writes (native tagging names it itself).",
            pitfalls: "Whatever names it must also be removed from what clients send.",
        },
    ])
}

/// The table of counters, in Markdown.
pub fn metrics() -> String {
    let mut text = String::from("| metric | counts |\n|---|---|\n");
    for (counter, doc) in COUNTER_DOCS {
        text.push_str(&format!("| `{}` | {} |\n", counter.metric(), doc.trim()));
    }
    text
}

fn whole(
    field: &Whole,
    path: &'static str,
    meaning: &'static str,
    pitfalls: &'static str,
) -> Entry {
    let Whole {
        default, min, max, ..
    } = field;
    let (default, allowed) = (format!("{default}"), format!("{min} to {max}"));
    Entry {
        path,
        default,
        allowed,
        meaning,
        pitfalls,
    }
}

fn switch(
    field: &Switch,
    path: &'static str,
    meaning: &'static str,
    pitfalls: &'static str,
) -> Entry {
    let (default, allowed) = (format!("{}", field.default), "true, false".to_string());
    Entry {
        path,
        default,
        allowed,
        meaning,
        pitfalls,
    }
}

fn choice<T>(
    field: &Choice<T>,
    path: &'static str,
    meaning: &'static str,
    pitfalls: &'static str,
) -> Entry {
    let names: Vec<&str> = field.words.iter().map(|(word, _)| *word).collect();
    let default = names
        .first()
        .map(|word| format!("`{word:?}`"))
        .unwrap_or_default();
    Entry {
        path,
        default,
        allowed: words(&names),
        meaning,
        pitfalls,
    }
}

fn words(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word:?}`")).collect();
    quoted.join(", ")
}

fn table(entries: &[Entry]) -> String {
    let mut text = String::from(
        "| field | default | allowed | meaning | set badly |\n|---|---|---|---|---|\n",
    );
    for Entry {
        path,
        default,
        allowed,
        meaning,
        pitfalls,
    } in entries
    {
        let path = if path.contains('`') {
            path.to_string()
        } else {
            format!("`{path}`")
        };
        text.push_str(&format!(
            "| {path} | {default} | {allowed} | {meaning} | {pitfalls} |\n"
        ));
    }
    text
}
