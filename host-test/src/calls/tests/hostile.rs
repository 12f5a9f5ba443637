//! Every host call with arguments that no honest guest gives: each answers, nothing panics.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::Host;
use crate::abi::{AbiVersion, HostCall, ValueType};
use crate::config::{
    Bootstrap, Code, FilterChain, HttpConnectionManager, HttpFilter, Listener, NetworkFilter,
    Plugin, Service,
};
use crate::connection::{Connect, Request};
use crate::guest::Limits;
use crate::trace::TraceEvent;

/// A guest of this version whose callbacks `calls` names call the host functions in it, each with
/// its arguments.
fn guest(abi: AbiVersion, calls: &[(HostCall, &'static str, Vec<u64>)]) -> String {
    let mut imports = String::new();
    let mut body = String::new();
    let mut known = BTreeMap::new();
    for (call, module, arguments) in calls {
        let next = known.len();
        let number = *known.entry((*call, *module)).or_insert(next);
        if number == next {
            let name = call.name();
            let params: Vec<&str> = call.signature().params.iter().map(name_of).collect();
            let result = match call.signature().has_status {
                true => "(result i32)",
                false => "",
            };
            let params = params.join(" ");
            writeln!(
                imports,
                r#"(import "{module}" "{name}" (func $f{number} (param {params}) {result}))"#
            )
            .unwrap();
        }
        let types = call.signature().params.iter().map(name_of);
        let arguments = types.zip(arguments);
        let arguments: String = arguments
            .map(|(kind, argument)| match kind {
                "i32" => format!("(i32.const {})", *argument as u32),
                _ => format!("(i64.const {argument})"),
            })
            .collect();
        let called = format!("(call $f{number} {arguments})");
        let called = match call.signature().has_status {
            true => format!("(drop {called})"),
            false => called,
        };
        writeln!(body, "{called}").unwrap();
    }
    let abi = abi.export();
    format!(
        r#"(module {imports}
          (memory (export "memory") 1)
          (global $heap (mut i32) (i32.const 4096))
          (func (export "{abi}"))
          (func (export "malloc") (param i32) (result i32) (i32.const 4096))
          (func $all {body})
          (func (export "proxy_on_context_create") (param i32 i32) (call $all))
          (func (export "proxy_on_new_connection") (param i32) (result i32)
            (call $all) (i32.const 0))
          (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
            (call $all) (i32.const 0))
          (func (export "proxy_on_log") (param i32) (call $all)))"#
    )
}

fn name_of(value: &ValueType) -> &'static str {
    match value {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
    }
}

/// Every host call of a version, from every module, with arguments that `argument` makes.
///
/// Those of gRPC have a target that is no message: an empty one ends Envoy.
fn every(
    abi: AbiVersion,
    mut argument: impl FnMut() -> u64,
) -> Vec<(HostCall, &'static str, Vec<u64>)> {
    const NO_MESSAGE: [u64; 2] = [1, 1];
    let calls = HostCall::ALL.iter().filter(|call| call.is_in(abi));
    let calls = calls.flat_map(|call| call.modules().iter().map(move |module| (*call, *module)));
    calls
        .map(|(call, module)| {
            let params = call.signature().params;
            let mut arguments: Vec<u64> = params.iter().map(|_| argument()).collect();
            let is_grpc = matches!(call, HostCall::GrpcCall | HostCall::GrpcStream);
            if is_grpc && arguments[1] == 0 {
                arguments[..2].copy_from_slice(&NO_MESSAGE);
            }
            (call, module, arguments)
        })
        .collect()
}

fn plugin(guest: &str) -> Plugin {
    let mut plugin = Plugin::new("plugin", Code::Inline(Arc::from(guest.as_bytes())));
    plugin.vm.environment = vec![("NAME".to_owned(), "value".to_owned())];
    plugin
}

const EDGE: &str = "192.0.2.1:80";

/// A host where the guest has been a service, a filter of a connection and one of a stream.
fn run(guest: &str) -> Host {
    let plugin = plugin(guest);
    let filter = Arc::new(plugin.clone());
    let http = HttpConnectionManager {
        filters: vec![HttpFilter::Wasm(filter.clone()), HttpFilter::Router],
        ..HttpConnectionManager::default()
    };
    let filters = vec![
        NetworkFilter::Wasm(filter),
        NetworkFilter::Http(Box::new(http)),
    ];
    let bootstrap = Bootstrap {
        listeners: vec![Listener {
            addresses: vec![EDGE.parse().unwrap()],
            chains: vec![FilterChain {
                filters,
                ..FilterChain::default()
            }],
            ..Listener::default()
        }],
        services: vec![Service {
            plugin,
            singleton: true,
        }],
        clusters: ["upstream".to_owned()].into(),
        ..Bootstrap::default()
    };
    let mut host = Host::builder(bootstrap).trace(true).build().unwrap();
    let client: SocketAddr = "198.51.100.7:1000".parse().unwrap();
    let connection = host
        .connect(0, Connect::new(client, EDGE.parse().unwrap()))
        .unwrap();
    // The guest may have closed the connection.
    let _ = host.request(connection, &Request::new("GET", "/", "host"));
    host.advance(Duration::from_millis(1)).unwrap();
    host
}

/// What each host call answered first, in the context of the service.
fn answers(host: &Host) -> BTreeMap<&'static str, Option<u32>> {
    let mut answers = BTreeMap::new();
    for entry in host.shared().trace.since(0) {
        if let TraceEvent::HostCall { call, status, .. } = entry.event {
            answers.entry(call.name()).or_insert(status);
        }
    }
    answers
}

#[track_caller]
fn check_that_nothing_traps(host: &Host, calls: &[(HostCall, &'static str, Vec<u64>)]) {
    let trapped = host
        .shared()
        .trace
        .since(0)
        .into_iter()
        .find_map(|entry| match entry.event {
            TraceEvent::Trapped { reason, .. } => Some(reason),
            _ => None,
        });
    assert_eq!(trapped, None);
    let counts = host.shared().counts.host_calls();
    for (call, ..) in calls {
        assert!(counts.contains_key(call), "{} was not called", call.name());
    }
}

#[test]
fn every_call_answers_to_zeros_and_to_the_greatest_numbers() {
    for abi in AbiVersion::ALL {
        for number in [0, u64::MAX] {
            let calls = every(abi, || number);
            let host = run(&guest(abi, &calls));
            check_that_nothing_traps(&host, &calls);
        }
    }
}

#[test]
fn every_call_answers_to_any_numbers() {
    const ROUNDS: usize = 20;
    const MEMORY: u64 = 0x1_0000;
    let mut random = fastrand::Rng::with_seed(7);
    let mut number = || match random.u8(..9) {
        0 => 0,
        1 => random.u64(..10),
        2 => random.u64(..MEMORY),
        3 => MEMORY - random.u64(..9),
        4 => MEMORY + random.u64(..9),
        5 => u64::from(u32::MAX) - random.u64(..9),
        6 => 1 << 31,
        7 => u64::MAX - random.u64(..9),
        _ => random.u64(..),
    };
    for abi in AbiVersion::ALL {
        let calls: Vec<_> = (0..ROUNDS).flat_map(|_| every(abi, &mut number)).collect();
        let host = run(&guest(abi, &calls));
        check_that_nothing_traps(&host, &calls);
    }
}

/// Pointers and lengths beyond memory, where the arguments before them are right.
#[test]
fn what_lies_beyond_memory_is_refused() {
    const FAR: u64 = 0x7fff_0000;
    const INVALID: u32 = 6;
    const FAULT: u32 = 21;
    let mut calls = Vec::new();
    let mut wanted = BTreeMap::new();
    for call in HostCall::ALL.iter().copied() {
        let (first, status) = match call {
            // No pointers, or nothing is done with them.
            HostCall::SetTickPeriod
            | HostCall::IncrementMetric
            | HostCall::RecordMetric
            | HostCall::GrpcCancel
            | HostCall::GrpcClose
            | HostCall::ContinueStream
            | HostCall::CloseStream
            | HostCall::SetEffectiveContext
            | HostCall::Done
            | HostCall::PthreadEqual
            | HostCall::NotifyMemoryGrowth
            | HostCall::ProcExit => continue,
            HostCall::FdWrite => (Some(1), FAULT),
            HostCall::ClockTimeGet => (Some(0), FAULT),
            HostCall::RandomGet
            | HostCall::EnvironGet
            | HostCall::EnvironSizesGet
            | HostCall::ArgsSizesGet
            | HostCall::PollOneoff => (None, FAULT),
            _ if call.modules()[0] != "env" => continue,
            // The metric and the queue must be there, the map writable.
            HostCall::GetMetric | HostCall::DequeueSharedQueue | HostCall::GetHeaderMapSize => {
                continue;
            }
            HostCall::GetBufferBytes | HostCall::GetBufferStatus => (Some(6), INVALID),
            // A buffer that cannot be written is looked at first all the same.
            HostCall::SetBufferBytes => (Some(6), INVALID),
            // No map is there, so there are no pairs: their place is written all the same.
            HostCall::Log
            | HostCall::GetHeaderMapPairs
            | HostCall::GetHeaderMapValue
            | HostCall::AddHeaderMapValue
            | HostCall::ReplaceHeaderMapValue
            | HostCall::RemoveHeaderMapValue
            | HostCall::SetHeaderMapPairs => (Some(0), INVALID),
            _ => (None, INVALID),
        };
        if !call.is_in(AbiVersion::V0_2_1) {
            continue;
        }
        let params = call.signature().params;
        let mut arguments: Vec<u64> = params.iter().map(|_| FAR).collect();
        // One text is enough, and random bytes are few.
        match call {
            HostCall::FdWrite => arguments[2] = 1,
            HostCall::RandomGet => arguments[1] = 1,
            _ => {}
        }
        if let Some(first) = first {
            arguments[0] = first;
        }
        wanted.insert(call.name(), Some(status));
        calls.push((call, call.modules()[0], arguments));
    }
    let host = run(&guest(AbiVersion::V0_2_1, &calls));
    check_that_nothing_traps(&host, &calls);
    let answers = answers(&host);
    let found = answers
        .into_iter()
        .filter(|(name, _)| wanted.contains_key(name));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), wanted);
}

#[test]
fn a_loop_of_host_calls_comes_to_an_end() {
    let module = r#"(module
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (import "env" "proxy_get_log_level" (func $level (param i32) (result i32)))
      (memory (export "memory") 160)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (loop $again BODY (br $again))
        (i32.const 1)))"#;
    for body in [
        "(drop (call $log (i32.const 2) (i32.const 0) (i32.const 10000000)))",
        "(drop (call $level (i32.const 0)))",
    ] {
        let module = module.replace("BODY", body);
        let plugin = Plugin::new("endless", Code::Inline(module.as_bytes().into()));
        let limits = Limits {
            fuel_per_callback: 100_000_000,
            ..Limits::default()
        };
        let builder = Host::builder(Bootstrap::http_filter(plugin)).limits(limits);
        let error = builder.build().err().unwrap().to_string();
        assert!(error.contains("used up its fuel"), "{error}");
    }
}
