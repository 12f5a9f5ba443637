//! The table: what came of each client, and whether it should have.

use std::fmt::{self, Display, Formatter};

use portscan_replay::tag::Tag;

use crate::{
    access_log::Contact,
    client::{Client, Ending, Expected},
};

/// The table.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    client: &'static str,
    contacts: usize,
    /// The contact that was the first one with a verdict, from 1.
    flagged_at: Option<usize>,
    verdict: String,
    expected: String,
    /// What is wrong.
    problem: Option<String>,
}

impl Report {
    /// What came of the clients.
    pub(crate) fn new(endings: &[(&'static Client, Ending)], contacts: &[Contact]) -> Self {
        let row = |(client, ending): &(&'static Client, Ending)| {
            let of_client: Vec<_> = contacts
                .iter()
                .filter(|contact| contact.source.ip() == client.ip())
                .collect();
            Row::new(client, ending, &of_client)
        };
        Self {
            rows: endings.iter().map(row).collect(),
        }
    }

    /// Whether every client was judged as it should be.
    pub(crate) fn is_as_expected(&self) -> bool {
        self.rows.iter().all(|row| row.problem.is_none())
    }
}

impl Row {
    fn new(client: &'static Client, ending: &Ending, contacts: &[&Contact]) -> Self {
        let tag = ending.header.as_deref().map(Tag::parse);
        let flagged = contacts
            .iter()
            .position(|contact| !contact.verdict.is_empty());
        let problem = ending
            .problem
            .clone()
            .or_else(|| wrong(client.expected, tag.as_ref(), contacts));
        Self {
            client: client.name,
            contacts: contacts.len(),
            flagged_at: flagged.map(|index| index + 1),
            verdict: tag.map_or_else(
                || "clean".to_owned(),
                |tag| {
                    let (kind, class, risk) = (tag.kind, tag.class, tag.risk);
                    format!("{kind} {class} {risk}")
                },
            ),
            expected: client.expected.to_string(),
            problem,
        }
    }
}

/// What differs from what was expected.
fn wrong(expected: Expected, tag: Option<&Tag>, contacts: &[&Contact]) -> Option<String> {
    let flagged = contacts
        .iter()
        .filter(|contact| !contact.verdict.is_empty())
        .count();
    match (expected, tag) {
        (Expected::Unseen, _) if !contacts.is_empty() => {
            Some(format!("{} connections were completed", contacts.len()))
        }
        (Expected::Clean | Expected::Flagged(_), _) if contacts.is_empty() => {
            Some("it made no connection".to_owned())
        }
        (Expected::Unseen | Expected::Clean, Some(tag)) => Some(format!("flagged as {}", tag.kind)),
        (Expected::Unseen | Expected::Clean, None) if flagged > 0 => {
            Some(format!("{flagged} connections were tagged"))
        }
        (Expected::Unseen | Expected::Clean, None) => None,
        (Expected::Flagged(_), None) => Some("clean at port 80".to_owned()),
        (Expected::Flagged(kind), Some(tag)) if tag.kind != kind => {
            Some(format!("flagged as {}", tag.kind))
        }
        (Expected::Flagged(_), Some(_)) => {
            let clean = contacts
                .iter()
                .filter(|contact| contact.is_plain_decoy() && contact.verdict.is_empty());
            let clean = clean.count();
            (clean > 0).then(|| format!("{clean} contacts with decoys went without a tag"))
        }
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flagged(kind) => f.write_str(kind),
            Self::Clean => f.write_str("clean"),
            Self::Unseen => f.write_str("unseen"),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<31} {:>8} {:>10}  {:<8}  verdict at port 80",
            "client", "contacts", "flagged at", "expected"
        )?;
        for row in &self.rows {
            let at = row.flagged_at.map_or("-".to_owned(), |at| at.to_string());
            let result = row
                .problem
                .as_ref()
                .map_or("ok".to_owned(), |problem| format!("FAILED: {problem}"));
            writeln!(
                f,
                "{:<31} {:>8} {at:>10}  {:<8}  {:<23} {result}",
                row.client, row.contacts, row.expected, row.verdict
            )?;
        }
        let failed = self.rows.iter().filter(|row| row.problem.is_some()).count();
        write!(f, "{} as expected, {failed} not", self.rows.len() - failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A contact with `port`, tagged or not.
    fn contact(port: u16, verdict: &str) -> Contact {
        Contact {
            start: 0.0,
            source: ([198, 18, 0, 7], 4_000).into(),
            destination: ([198, 51, 100, 1], port).into(),
            verdict: verdict.to_owned(),
            bytes: 0,
            millis: 0,
            served: false,
        }
    }

    #[test]
    fn whatever_differs_from_what_was_expected_is_told() {
        const TAG: &str = "kind=probe, risk=45, class=suspicious, tags=(decoy)";
        let (tagged, clean, web) = (contact(23, TAG), contact(23, ""), contact(80, ""));
        let lured = contact(8080, "");
        let cases: [(Expected, Option<&str>, &[&Contact], &str); 12] = [
            (Expected::Flagged("probe"), Some(TAG), &[&web, &tagged], ""),
            (
                Expected::Flagged("vertical"),
                Some(TAG),
                &[&tagged],
                "as probe",
            ),
            (
                Expected::Flagged("probe"),
                Some(TAG),
                &[&clean, &tagged],
                "1 contacts with decoys",
            ),
            (
                Expected::Flagged("probe"),
                Some(TAG),
                &[&lured, &tagged],
                "",
            ),
            (Expected::Flagged("probe"), None, &[&tagged], "clean"),
            (Expected::Flagged("probe"), None, &[], "no connection"),
            (Expected::Clean, None, &[&web], ""),
            (Expected::Clean, Some(TAG), &[&web], "as probe"),
            (
                Expected::Clean,
                None,
                &[&tagged],
                "1 connections were tagged",
            ),
            (Expected::Clean, None, &[], "no connection"),
            (Expected::Unseen, None, &[], ""),
            (
                Expected::Unseen,
                None,
                &[&clean],
                "1 connections were completed",
            ),
        ];
        for (expected, header, contacts, said) in cases {
            let tag = header.map(Tag::parse);
            let wrong = wrong(expected, tag.as_ref(), contacts).unwrap_or_default();
            assert_eq!(wrong.is_empty(), said.is_empty(), "{expected}: {wrong}");
            assert!(wrong.contains(said), "{expected}: {wrong}");
        }
    }
}
