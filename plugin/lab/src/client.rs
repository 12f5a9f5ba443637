//! A client: what it runs, where it comes from, and what the edge must say of it.

use std::{net::IpAddr, time::Duration};

/// A client of the lab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    /// Where it comes from. Each scanner has a network of its own, so that none is judged by its
    /// neighbours.
    pub(crate) address: &'static str,
    /// What it does.
    pub(crate) does: Does,
    /// What must come of it.
    pub(crate) expected: Expected,
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Does {
    /// Runs a command line, in which `{edge}` is the address of the edge, `{mac}` that of its
    /// interface and `{self}` the client's own.
    Runs(&'static str),
    /// The same, with a kernel that sends no RST: it knows nothing of connections that a program
    /// makes with packets of its own, and would break them off.
    RunsOwnTcp(&'static str),
    /// Runs the command line that many times.
    Repeats(u32, &'static str),
    /// Connects to port 80 and closes, once a second for a minute.
    HealthCheck,
    /// Connects to port 80 twice, as browsers do beforehand, waits, and uses one of the two.
    PreConnects,
    /// Nothing: others send packets in its name.
    Nothing,
}

/// What must come of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Flagged as this kind, and tagged from its first contact with a plain decoy on.
    Flagged(&'static str),
    /// It makes connections and stays clean.
    Clean,
    /// Not one of its connections is completed, so the edge knows nothing.
    Unseen,
}

/// How a client's run ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// The header that its request at port 80 carried afterwards.
    pub(crate) header: Option<String>,
    /// What went wrong with the program itself.
    pub(crate) problem: Option<String>,
}

impl Client {
    /// Its address.
    pub(crate) fn ip(&self) -> IpAddr {
        let parsed = self.address.parse();
        parsed.unwrap_or_else(|_| unreachable!("{}: not an address", self.address))
    }

    /// The program it needs.
    pub(crate) fn program(&self) -> Option<&'static str> {
        match self.does {
            Does::Runs(line) | Does::RunsOwnTcp(line) | Does::Repeats(_, line) => {
                line.split_whitespace().next()
            }
            Does::HealthCheck | Does::PreConnects | Does::Nothing => None,
        }
    }
}

/// How long a program may run.
pub(crate) const RUN_MAX: Duration = Duration::from_secs(120);
