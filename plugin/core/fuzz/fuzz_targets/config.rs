//! Configuration texts: refused with reasons, one line each, or read the same way twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portscan_core::config::{Problem, Role, parse_plugin, parse_policy};
use portscan_core::detector::Detector;
use portscan_core::listener::Listener;

fuzz_target!(|text: &[u8]| {
    match parse_policy(text) {
        Ok(policy) => {
            assert_eq!(parse_policy(text).as_ref(), Ok(&policy));
            // What was accepted can run; long lists only cost time.
            if text.len() < 4_096 {
                Detector::new(policy);
            }
        }
        Err(problems) => check(&problems),
    }
    match parse_plugin(text) {
        Ok(plugin) => {
            if let Role::Sensor(sensor) = plugin.role {
                Listener::new(sensor);
            }
        }
        Err(problems) => check(&problems),
    }
});

fn check(problems: &[Problem]) {
    assert!(!problems.is_empty());
    for problem in problems {
        let line = problem.to_string();
        assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
    }
}
