//! Whether anything went wrong inside, whatever the clients saw.

use real_envoy::Envoy;

/// No VM has trapped and was started anew, no host call was refused, no callback came while
/// another one was at work, and Envoy reports nothing of wasm as an error.
#[track_caller]
pub(crate) fn assert_sound(envoy: &Envoy) {
    let log = envoy.log();
    let complaint = log.lines().find(|line| {
        let is_serious = ["[error]", "[critical]"]
            .iter()
            .any(|level| line.contains(level));
        is_serious && line.contains("wasm") || line.contains("Function: proxy_")
    });
    assert_eq!(complaint, None);
    for (name, value) in envoy.stats().expect("Envoy runs") {
        let is_fault = name.starts_with("wasm.") && name.contains("reload")
            || name.starts_with("wasmcustom.portscan_host_errors_total")
            || name.starts_with("wasmcustom.portscan_state_decode_errors_total")
            || name.starts_with("wasmcustom.portscan_reentries_total");
        assert!(!is_fault || value == 0, "{name}: {value}");
    }
}
