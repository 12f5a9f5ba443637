//! Guests of the conformance set that need nothing but a root context report here what they report
//! in a real Envoy.

use std::sync::Arc;
use std::time::Duration;

use crate::Host;
use crate::abi::LogLevel;
use crate::config::{Bootstrap, Code, Plugin, Service};
use crate::conformance::{ENVIRONMENT, Guest, PLUGIN_CONFIGURATION, VM_CONFIGURATION, Version};
use crate::shared::LogLine;

/// Runs the guest as a singleton service, for as long as a few of its ticks take.
fn report(guest: &Guest) -> Vec<String> {
    let mut plugin = Plugin::new("plugin", Code::Inline(Arc::from(guest.module().unwrap())));
    plugin.root_id = "root".to_owned();
    plugin.configuration = PLUGIN_CONFIGURATION.into();
    plugin.vm.vm_id = guest.name.to_owned();
    plugin.vm.configuration = VM_CONFIGURATION.into();
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    plugin.vm.environment = ENVIRONMENT.into_iter().map(owned).collect();
    let bootstrap = Bootstrap {
        services: vec![Service {
            plugin,
            singleton: true,
        }],
        ..Bootstrap::default()
    };
    let mut host = Host::builder(bootstrap).build().unwrap();
    host.advance(Duration::from_millis(10));
    host.shared().log.since(0).iter().map(line).collect()
}

/// A log line as the set writes it.
fn line(line: &LogLine) -> String {
    let mut text = String::new();
    for c in line.text.chars() {
        match c {
            ' '..='~' => text.push(c),
            _ => text.extend(c.escape_unicode()),
        }
    }
    let text = if text.is_empty() { "(nothing)" } else { &text };
    match line.level {
        LogLevel::Info => text.to_owned(),
        LogLevel::Warn => format!("warning: {text}"),
        level => format!("{level:?}: {text}").to_lowercase(),
    }
}

#[track_caller]
fn check(name: &str) {
    let guest = Guest::named(name).unwrap();
    let expected = guest.expected_lines(Version::NEWEST);
    assert_eq!(report(guest), expected, "{name}");
}

#[test]
fn queues_are_as_in_envoy() {
    check("queue");
}

#[test]
fn wasi_data_are_as_in_envoy() {
    check("wasi_data");
}

#[test]
fn wasi_files_are_as_in_envoy() {
    check("wasi_files");
}

#[test]
fn functions_of_wasi_that_do_nothing_answer_as_in_envoy() {
    check("wasi_newer");
    check("wasi_stubs");
    check("wasi_unstable");
}
