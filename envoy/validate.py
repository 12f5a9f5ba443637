#!/usr/bin/env python3
"""Checks Envoy configurations that use the module: first rules that Envoy does not know, then,
with --envoy, Envoy's own validation, which loads the module too.

    validate.py [--envoy PROGRAM] FILE…    exit 1 when a file is refused, one line a problem
    validate.py --self-test                the files in testdata/ are refused as they say

The rules:
- no network filter of the module in a QUIC chain: there it would run before the client's address
  is proven, so anybody could get anybody flagged;
- role and place fit: sensor in a network filter, tagger and portal in HTTP filters,
  keeper in the bootstrap service;
- one vm_config for all of a file, so that one VM per worker serves all roles, and one policy:
  Envoy validates each filter in a VM of its own and does not see that two differ;
- failure_policy FAIL_RELOAD: a trap must not switch the filter off, nor a worker.

Needs PyYAML: `./justw validate` brings it.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import yaml

PLACES = {
    "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm": "a network filter",
    "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm": "an HTTP filter",
    "type.googleapis.com/envoy.extensions.wasm.v3.WasmService": "the bootstrap service",
}
PLACE_OF_ROLE = {
    "sensor": "a network filter",
    "tagger": "an HTTP filter",
    "portal": "an HTTP filter",
    "keeper": "the bootstrap service",
}


def problems(text):
    """Every problem of a configuration, as lines."""
    try:
        root = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return ["not YAML: " + " ".join(str(error).split())]
    if not isinstance(root, dict):
        return ["not a configuration: expected a mapping"]
    found = []
    modules = list(walk(root, ""))
    for path, place, config in modules:
        settings, problem = settings_of(config)
        role = settings.get("role")
        if problem:
            found.append(f"{path}: {problem}")
        elif PLACE_OF_ROLE[role] != place:
            belongs = PLACE_OF_ROLE[role]
            found.append(f"{path}: role {role} stands in {place}, it belongs in {belongs}")
        if settings.get("policy") != settings_of(modules[0][2])[0].get("policy"):
            found.append(f"{path}: policy differs from that of {modules[0][0]}")
        policy = config.get("failure_policy")
        if policy != "FAIL_RELOAD":
            found.append(f"{path}: failure_policy is {policy}, not FAIL_RELOAD")
        if config.get("vm_config") != modules[0][2].get("vm_config"):
            found.append(f"{path}: vm_config differs from that of {modules[0][0]}")
    found.extend(quic_problems(root))
    return found


def walk(node, path):
    """Every use of a module below `node`: its path, its place, its plugin configuration."""
    if isinstance(node, dict):
        place = PLACES.get(node.get("@type"))
        if place:
            yield path, place, node.get("config") or {}
            return
        items = ((f"{path}.{key}" if path else str(key), value) for key, value in node.items())
    elif isinstance(node, list):
        items = ((f"{path}[{index}]", value) for index, value in enumerate(node))
    else:
        return
    for below, value in items:
        yield from walk(value, below)


def settings_of(config):
    """The plugin configuration, empty where it says no role, and what is wrong with it then."""
    value = (config.get("configuration") or {}).get("value")
    try:
        settings = json.loads(value)
        role = settings["role"]
    except (TypeError, KeyError):
        return {}, "the plugin configuration names no role"
    except ValueError as error:
        return {}, f"the plugin configuration is not JSON: {error}"
    if not isinstance(role, str) or role not in PLACE_OF_ROLE:
        return {}, f"unknown role {role!r}, expected one of {', '.join(PLACE_OF_ROLE)}"
    return settings, None


def quic_problems(node, path=""):
    """Network filters of the module below a listener or a chain that speaks QUIC."""
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from quic_problems(value, f"{path}[{index}]")
    if not isinstance(node, dict):
        return
    reason = quic_reason(node)
    if reason:
        for below, place, _config in walk(node, path):
            if place == PLACE_OF_ROLE["sensor"]:
                yield (
                    f"{below}: a network filter of the module on QUIC ({reason}): "
                    "its clients have no proven address"
                )
        return
    for key, value in node.items():
        yield from quic_problems(value, f"{path}.{key}" if path else str(key))


def quic_reason(node):
    """Why `node` is a listener or filter chain that speaks QUIC; None when it is not."""
    if "udp_listener_config" in node:
        return "udp_listener_config"
    further = node.get("additional_addresses")
    for entry in [node, *(further if isinstance(further, list) else [])]:
        address = entry.get("address") if isinstance(entry, dict) else None
        socket = address.get("socket_address") if isinstance(address, dict) else None
        if isinstance(socket, dict) and socket.get("protocol") == "UDP":
            return "protocol UDP"
    transport = node.get("transport_socket")
    # A cluster has a transport socket too, but no filters of ours below it.
    if isinstance(transport, dict) and "quic" in json.dumps(transport, default=str).lower():
        return "QUIC transport socket"
    return None


def envoy_problem(envoy, path):
    """What Envoy says against a file; None when it is valid."""
    command = [envoy, "--mode", "validate", "--use-dynamic-base-id", "-l", "warning", "-c"]
    command.append(str(path))
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return None
    lines = (done.stderr + done.stdout).strip().splitlines()
    return "refused by Envoy:\n    " + "\n    ".join(lines)


def self_test(folder):
    """Compares each file in `folder` with the problems that its first comment lines announce."""
    files = sorted(folder.glob("*.yaml"))
    failed = 0
    for path in files:
        text = path.read_text(encoding="utf-8")
        head = [line for line in text.splitlines() if line.startswith("#! ")]
        expected = [line.removeprefix("#! ") for line in head]
        actual = problems(text)
        if actual != expected:
            failed += 1
            print(f"{path}: expected {expected}, found {actual}", file=sys.stderr)
    print(f"self-test: {len(files) - failed} passed, {failed} failed")
    return failed == 0 and bool(files)


def main():
    parser = argparse.ArgumentParser(description="Checks Envoy configurations that use the module.")
    parser.add_argument("--envoy", help="also let this Envoy validate each file")
    parser.add_argument("--self-test", action="store_true", help="check the rules with testdata/")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    args = parser.parse_args()
    good = True
    if args.self_test:
        good = self_test(pathlib.Path(__file__).parent / "testdata")
    elif not args.files:
        parser.error("no file given")
    for path in args.files:
        found = problems(path.read_text(encoding="utf-8"))
        if not found and args.envoy:
            found = [line for line in [envoy_problem(args.envoy, path)] if line]
        for problem in found:
            print(f"{path}: {problem}", file=sys.stderr)
        if not found:
            print(f"{path}: valid")
        good = good and not found
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
