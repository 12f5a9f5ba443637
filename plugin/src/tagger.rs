//! The tagger: an HTTP filter that writes the header and refuses blocked requests.

use std::rc::Rc;

use portscan_core::config::Action as PolicyAction;
use portscan_core::contact::{Contact, Endpoints, Reaction};
use portscan_core::counters::Counter;
use portscan_core::detector::{Exploit, Request, probe_counts};
use portscan_core::header::{is_at_least, is_whole};
use portscan_core::header_map::pairs;
use portscan_core::listener::Listener;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use crate::host::{self, Map};
use crate::sensor;
use crate::shared::SharedData;
use crate::worker::{self, FILTER_STATE, Worker};

/// The names under which upstreams could read the verdict.
pub(crate) struct Names {
    /// As configured, `x-portscan`, first; then every spelling with underscores in place of
    /// hyphens, which CGI and WSGI read under the same name.
    spellings: Vec<String>,
}

impl Names {
    pub(crate) fn new(header: &str) -> Self {
        let mut spellings = vec![String::new()];
        for part in header.chars() {
            let with = |end: char| move |start: &String| format!("{start}{end}");
            let mut longer: Vec<String> = spellings.iter().map(with(part)).collect();
            if part == '-' {
                longer.extend(spellings.iter().map(with('_')));
            }
            spellings = longer;
        }
        Self { spellings }
    }

    fn header(&self) -> &str {
        self.spellings.first().map_or("", String::as_str)
    }

    /// Takes away what a client sent under these names; how often that was refused.
    fn remove_from(&self, map: Map) -> u32 {
        let removed = self
            .spellings
            .iter()
            .map(|name| host::remove_header(map, name));
        removed.map(|removed| u32::from(removed.is_err())).sum()
    }
}

/// One request.
pub(crate) struct Tagger {
    pub(crate) names: Rc<Names>,
    /// Where the platform has no network filters: every request is watched as if it were a
    /// connection to this listener.
    pub(crate) observed: Option<Rc<Listener>>,
    pub(crate) contact: Option<Contact>,
    /// Where requests are looked into, the listener that they count for.
    pub(crate) inspected: Option<Rc<Listener>>,
    /// What counts if there is no such thing here.
    pub(crate) probe: Option<Probe>,
}

/// A request for something that others ask for, too, where it is there.
pub(crate) struct Probe {
    exploit: Exploit,
    endpoints: Endpoints,
}

impl Context for Tagger {}

impl Tagger {
    /// Looks into the request. What is said of its source from now on, if that changed.
    fn inspect(&mut self) -> Option<(Contact, Reaction)> {
        let listener = self.inspected.clone()?;
        let headers = host::headers(Map::RequestHeaders).unwrap_or_default();
        let request = worker::with(|worker| worker.detector.inspect(pairs(&headers)))?;
        if request.is_ordinary() {
            return None;
        }
        let endpoints = sensor::endpoints()?;
        let (at_once, probe) = request.split();
        self.probe = probe.map(|exploit| Probe { exploit, endpoints });
        if at_once.is_ordinary() {
            return None;
        }
        worker::with(|worker| worker.request(&listener, endpoints, at_once))
    }

    /// The request was answered: a probe counts where there is no such thing.
    fn answered(&mut self, status: u16) {
        let Some(Probe { exploit, endpoints }) = self.probe.take() else {
            return;
        };
        let Some(listener) = &self.inspected else {
            return;
        };
        if !probe_counts(exploit, status) {
            return;
        }
        let request = Request {
            exploit: Some(exploit),
            ..Request::default()
        };
        let judged = worker::with(|worker| worker.request(listener, endpoints, request));
        if let Some((
            _,
            Reaction {
                line: Some(line), ..
            },
        )) = judged
        {
            host::log(host::Level::Info, &line);
        }
    }
}

impl HttpContext for Tagger {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let mut refused = self.names.remove_from(Map::RequestHeaders);
        let verdict = match &self.observed {
            Some(listener) => {
                let (contact, verdict) = observe(listener);
                self.contact = contact;
                verdict
            }
            None => Verdict::of_connection(&mut refused),
        };
        let verdict = match self.inspect() {
            Some((contact, reaction)) => {
                let later = verdict.or_that_of(&contact, &reaction);
                // The access log of this very request is to show what it brought about.
                refused += u32::from(
                    reaction.tag_changed && host::set_property(FILTER_STATE, &later.tag).is_err(),
                );
                later
            }
            None => verdict,
        };
        let mut action = Action::Continue;
        if verdict.refuse {
            refused += u32::from(host::respond(403, "portscan_blocked", b"", b"").is_err());
            action = Action::Pause;
        } else if !verdict.tag.is_empty() {
            let added = host::add_header(Map::RequestHeaders, self.names.header(), &verdict.tag);
            refused += u32::from(added.is_err());
        }
        if !verdict.tag.is_empty() || refused > 0 {
            let is_tagged = !verdict.refuse && !verdict.tag.is_empty();
            worker::with(|worker| {
                let counters = &mut worker.detector.counters;
                counters.add(Counter::HostErrors, refused);
                counters.add(Counter::TaggedRequests, u32::from(is_tagged));
            });
        }
        action
    }

    fn on_http_request_trailers(&mut self, _num_trailers: usize) -> Action {
        let refused = self.names.remove_from(Map::RequestTrailers);
        worker::with(|worker| worker.detector.counters.add(Counter::HostErrors, refused));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let wants_served = self.contact.is_some()
            || worker::with(|worker| worker.wants_served()).unwrap_or_default();
        if !wants_served && self.probe.is_none() {
            return Action::Continue;
        }
        let status = status().unwrap_or(0);
        self.answered(status);
        if wants_served && is_normal(status) {
            match &mut self.contact {
                Some(contact) => {
                    let now = host::now();
                    worker::with(|worker| worker.detector.served(&mut SharedData, now, contact));
                }
                None => {
                    let connection_id = sensor::connection_id();
                    worker::with(|worker| connection_id.map(|id| worker.served(id)));
                }
            }
        }
        Action::Continue
    }
}

/// What a request is told about its source.
#[derive(Default)]
struct Verdict {
    /// The value of the header; empty while the source is clean.
    tag: Vec<u8>,
    /// The request is to be refused.
    refuse: bool,
}

impl Verdict {
    /// What the sensor of this connection said.
    fn of_connection(refused: &mut u32) -> Self {
        let tag = match host::property(FILTER_STATE) {
            Ok(None) => Vec::new(),
            Ok(Some(tag)) if tag.is_empty() || is_whole(&tag) => tag,
            // A part of a verdict could say something else than all of it.
            Ok(Some(_)) | Err(_) => {
                *refused += 1;
                Vec::new()
            }
        };
        let refuse = !tag.is_empty()
            && worker::with(|worker| asks_for_block(worker, &tag)).unwrap_or_default();
        Self { tag, refuse }
    }
}

impl Verdict {
    /// The verdict after something was found in the request, if that changed it.
    fn or_that_of(self, contact: &Contact, reaction: &Reaction) -> Self {
        if let Some(line) = &reaction.line {
            host::log(host::Level::Info, line);
        }
        if contact.tag().is_empty() {
            return self;
        }
        Self {
            tag: contact.tag().as_bytes().to_vec(),
            refuse: self.refuse || reaction.close,
        }
    }
}

/// Watches a request like a connection.
fn observe(listener: &Listener) -> (Option<Contact>, Verdict) {
    let endpoints = sensor::endpoints();
    let opened = worker::with(|worker| match endpoints {
        Some(endpoints) => {
            let now = host::now();
            Some(
                worker
                    .detector
                    .open(&mut SharedData, now, listener, endpoints),
            )
        }
        None => {
            worker.detector.counters.count(Counter::AddressErrors);
            None
        }
    });
    let Some((contact, reaction)) = opened.flatten() else {
        return (None, Verdict::default());
    };
    if let Some(line) = &reaction.line {
        host::log(host::Level::Info, line);
    }
    let verdict = Verdict {
        tag: contact.tag().as_bytes().to_vec(),
        refuse: reaction.close,
    };
    (Some(contact), verdict)
}

fn asks_for_block(worker: &mut Worker, tag: &[u8]) -> bool {
    let policy = worker.detector.policy();
    if policy.action != PolicyAction::Block || !is_at_least(tag, policy.block_risk) {
        return false;
    }
    worker.detector.counters.count(Counter::Blocked);
    true
}

/// The status of the response, if it has one.
fn status() -> Option<u16> {
    let status = host::header(Map::ResponseHeaders, ":status")
        .ok()
        .flatten()?;
    str::from_utf8(&status).ok()?.parse().ok()
}

/// A status of 2xx or 3xx.
const fn is_normal(status: u16) -> bool {
    matches!(status, 200..=399)
}
