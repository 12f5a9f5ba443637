//! The feed as input of `nft -f` and of `ipset restore`: sets whose elements time out by themselves.

use alloc::string::String;

use crate::digits::Digits;
use crate::portal::entry::Subject;

/// A set of a firewall.
pub(super) struct Set {
    name: &'static str,
    is_ipv4: bool,
    is_network: bool,
}

/// All sets. Those that hold prefixes are apart from the one that holds addresses, and prefixes of
/// different length from each other, so that no two elements of a set overlap.
pub(super) const SETS: [Set; 4] = [
    Set {
        name: "sources_v4",
        is_ipv4: true,
        is_network: false,
    },
    Set {
        name: "sources_v6",
        is_ipv4: false,
        is_network: false,
    },
    Set {
        name: "networks_v4",
        is_ipv4: true,
        is_network: true,
    },
    Set {
        name: "networks_v6",
        is_ipv4: false,
        is_network: true,
    },
];

/// Elements of a line of `nft`: each line is one message, and longer ones meet limits of the kernel.
const ELEMENTS_PER_LINE: usize = 5_000;
/// Longest timeout of an element that the kernel takes from ipset (`IPSET_MAX_TIMEOUT`), seconds.
const IPSET_TIMEOUT_MAX: u32 = 2_147_483;
/// Room of a set of ipset: more than a feed has entries.
const IPSET_ROOM: u32 = 131_072;

impl Set {
    pub(super) const fn holds(&self, subject: &Subject) -> bool {
        self.is_ipv4 == subject.is_ipv4() && self.is_network == subject.is_network
    }

    /// Whether it holds addresses alone.
    const fn is_of_addresses(&self) -> bool {
        self.is_ipv4 && !self.is_network
    }

    /// One element, as the one after `before` others of this set.
    pub(super) fn nft_element(
        &self,
        out: &mut String,
        subject: &Subject,
        secs: u32,
        before: usize,
    ) {
        if before.is_multiple_of(ELEMENTS_PER_LINE) {
            out.push_str(if before > 0 { " }\n" } else { "" });
            put(out, &["add element inet portscan ", self.name, " { "]);
        } else {
            out.push_str(", ");
        }
        subject.write(out);
        put(out, &[" timeout ", Digits::of(secs).as_str(), "s"]);
    }

    pub(super) fn ipset_element(&self, out: &mut String, subject: &Subject, secs: u32) {
        put(out, &["add portscan_", self.name, "_new "]);
        subject.write(out);
        let secs = Digits::of(secs.min(IPSET_TIMEOUT_MAX));
        put(out, &[" timeout ", secs.as_str(), "\n"]);
    }

    /// The new set takes the place of the old one.
    pub(super) fn end_ipset(&self, out: &mut String) {
        let name = self.name;
        put(out, &["swap portscan_", name, "_new portscan_", name, "\n"]);
        put(out, &["destroy portscan_", name, "_new\n"]);
    }
}

/// The sets, made where they are not there, and emptied: `nft -f` does all of a file or nothing.
pub(super) fn begin_nft(out: &mut String, time: &str, entries: usize) {
    let entries = Digits::of(u32::try_from(entries).unwrap_or(u32::MAX));
    put(out, &["# ", entries.as_str(), " flagged at ", time, "\n"]);
    out.push_str("add table inet portscan\n");
    for set in &SETS {
        let address = if set.is_ipv4 {
            "ipv4_addr"
        } else {
            "ipv6_addr"
        };
        let flags = if set.is_of_addresses() {
            "timeout"
        } else {
            "interval, timeout"
        };
        put(
            out,
            &["add set inet portscan ", set.name, " { type ", address],
        );
        put(out, &["; flags ", flags, "; }\n"]);
        put(out, &["flush set inet portscan ", set.name, "\n"]);
    }
}

/// Ends the line that is begun, if one is.
pub(super) fn end_nft(out: &mut String, written: usize) {
    out.push_str(if written > 0 { " }\n" } else { "" });
}

/// The sets, and beside each an empty one that will take its place.
pub(super) fn begin_ipset(out: &mut String) {
    for set in &SETS {
        let form = if set.is_of_addresses() {
            "hash:ip"
        } else {
            "hash:net"
        };
        let family = if set.is_ipv4 { "inet" } else { "inet6" };
        for new in ["", "_new"] {
            put(
                out,
                &["create portscan_", set.name, new, " ", form, " family "],
            );
            let room = Digits::of(IPSET_ROOM);
            put(
                out,
                &[family, " timeout 0 maxelem ", room.as_str(), " -exist\n"],
            );
        }
        put(out, &["flush portscan_", set.name, "_new\n"]);
    }
}

fn put(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}
