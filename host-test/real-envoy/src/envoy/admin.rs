//! The admin interface: readiness, statistics, and whatever else a path answers.

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::{Result, bail};

use crate::{
    Netns,
    http::{Request, Response, Source},
};

#[derive(Debug)]
pub(crate) struct Admin {
    addr: SocketAddr,
    source: Source,
}

impl Admin {
    pub(crate) fn new(addr: SocketAddr, namespace: Option<&Netns>) -> Self {
        let source = Source::any();
        Self {
            addr,
            source: match namespace {
                Some(namespace) => source.inside(namespace),
                None => source,
            },
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn get(&self, path: &str) -> Result<Response> {
        self.source.send(self.addr, &Request::get(path))
    }

    pub(crate) fn post(&self, path: &str) -> Result<Response> {
        self.source.send(self.addr, &Request::new("POST", path))
    }

    pub(crate) fn stats(&self) -> Result<BTreeMap<String, u64>> {
        let answer = self.get("/stats")?;
        if answer.status != 200 {
            bail!("/stats answered {}", answer.status);
        }
        Ok(parse_stats(&answer.text()))
    }
}

/// `name: 1` a line; lines of histograms and texts are left out.
fn parse_stats(text: &str) -> BTreeMap<String, u64> {
    text.lines()
        .filter_map(|line| {
            let (name, value) = line.rsplit_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_keep_numbers_only() {
        let text = "a.b: 3\nx: \"text\"\nh: P0(nan,1) P25(nan,2)\nbig: 18446744073709551615\n";
        let stats = parse_stats(text);
        assert_eq!(stats.len(), 2);
        assert_eq!(stats["a.b"], 3);
        assert_eq!(stats["big"], u64::MAX);
    }
}
