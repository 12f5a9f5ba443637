//! Names that steps give to connections, requests and moments.

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::expression::Scope;
use crate::scenario::invalid::{InvalidScenario, unknown};
use crate::scenario::model::{ConnectionIndex, RequestIndex, Since};
use crate::scenario::text::{Place, Text};

/// What a case has made so far.
#[derive(Clone, Debug, Default)]
pub(in crate::scenario) struct Names {
    connections: usize,
    requests: usize,
    last_connection: Option<ConnectionIndex>,
    last_request: Option<(RequestIndex, ConnectionIndex)>,
    named: BTreeMap<String, Subject>,
    marks: BTreeSet<String>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Subject {
    pub(in crate::scenario) connection: ConnectionIndex,
    pub(in crate::scenario) request: Option<RequestIndex>,
}

impl Names {
    pub(super) fn new_connection(&mut self, name: Option<String>) -> ConnectionIndex {
        let connection = ConnectionIndex(self.connections);
        self.connections += 1;
        self.last_connection = Some(connection);
        if let Some(name) = name {
            self.named.insert(
                name,
                Subject {
                    connection,
                    request: None,
                },
            );
        }
        connection
    }

    pub(super) fn new_request(
        &mut self,
        name: Option<String>,
        connection: ConnectionIndex,
    ) -> RequestIndex {
        let request = RequestIndex(self.requests);
        self.requests += 1;
        self.last_request = Some((request, connection));
        if let Some(name) = name {
            self.named.insert(
                name,
                Subject {
                    connection,
                    request: Some(request),
                },
            );
        }
        request
    }

    pub(super) fn mark(&mut self, name: String) {
        self.marks.insert(name);
    }

    /// The thing of this name.
    pub(super) fn subject(
        &self,
        name: &Text,
        scope: &Scope<'_>,
    ) -> Result<Subject, InvalidScenario> {
        let text = name.expand(scope)?;
        let known: Vec<&String> = self.named.keys().collect();
        self.named
            .get(&text)
            .copied()
            .ok_or_else(|| name.error(unknown("connection or request", &text, &known)))
    }

    /// The connection of this name, or of the request of this name, or the last one.
    pub(super) fn connection(
        &self,
        name: Option<&Text>,
        scope: &Scope<'_>,
        place: Place,
    ) -> Result<ConnectionIndex, InvalidScenario> {
        match name {
            Some(name) => Ok(self.subject(name, scope)?.connection),
            None => self
                .last_connection
                .ok_or_else(|| InvalidScenario::at(place, "there is no connection yet")),
        }
    }

    /// The request of this name, or the last one, and its connection.
    pub(super) fn request(
        &self,
        name: Option<&Text>,
        scope: &Scope<'_>,
        place: Place,
    ) -> Result<(RequestIndex, ConnectionIndex), InvalidScenario> {
        let Some(name) = name else {
            return self
                .last_request
                .ok_or_else(|| InvalidScenario::at(place, "there is no request yet"));
        };
        let subject = self.subject(name, scope)?;
        let request = subject.request.ok_or_else(|| {
            name.error(format!(
                "expected a request, {:?} is a connection",
                name.text
            ))
        })?;
        Ok((request, subject.connection))
    }

    /// The moment of this name.
    pub(super) fn since(&self, name: &Text, scope: &Scope<'_>) -> Result<Since, InvalidScenario> {
        let text = name.expand(scope)?;
        match text.as_str() {
            "start" => Ok(Since::Start),
            "step" => Ok(Since::Step),
            mark if self.marks.contains(mark) => Ok(Since::Mark(text)),
            _ => {
                let mut known = vec!["start", "step"];
                known.extend(self.marks.iter().map(String::as_str));
                Err(name.error(unknown("mark", &text, &known)))
            }
        }
    }
}
