#!/usr/bin/env python3
"""Runs CrowdSec and psad on the traces that this detector is measured with: ./justw peers

Both read the log lines of a firewall. So every contact with a decoy becomes one, as iptables writes it
for what it drops; contacts with real ports are accepted and do not show there. What they say is
printed beside a replay of the same trace through this detector, and written to docs/peers.json.

psad's analysis of a file knows no SCAN_TIMEOUT: it counts the packets of the whole trace together,
which makes it catch more than it would live. CrowdSec goes by the time of each line.

Nothing is left running: CrowdSec gets a configuration of its own in a temporary folder, reads the log
and ends; psad only analyses a file. Debian's packages would start services; they do not here.
"""

import argparse
import csv
import datetime
import gzip
import ipaddress
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "docs/peers.json"
PACKAGES = {"crowdsec": "crowdsec", "psad": "psad"}
# Without this file CrowdSec's package registers the machine at a service on the Internet.
CREDENTIALS = pathlib.Path("/etc/crowdsec/online_api_credentials.yaml")
POLICY_RC = pathlib.Path("/usr/sbin/policy-rc.d")
HUB = pathlib.Path("/usr/share/crowdsec/hub")
SCENARIO = "iptables-scan-multi_ports"
# A peer that takes longer has failed.
PATIENCE_SECS = 600


def main():
    parser = argparse.ArgumentParser(description="Runs CrowdSec and psad on the traces of the evaluation.")
    parser.add_argument("--replay", required=True, help="the example flagged of portscan-replay")
    replay = pathlib.Path(parser.parse_args().replay).resolve()
    install()
    missing = [name for name in PACKAGES if not shutil.which(name)]
    for name in missing:
        print(f"skipped: {name}: not installed, and only root can install Debian's packages")
    results = [run_all(trace, replay, missing) for trace in traces()]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"versions": versions(missing), "traces": results}, indent=1) + "\n")
    for result in results:
        print_table(result)
    print(f"\nwritten: {OUT.relative_to(ROOT)}")


# Installation.


def install():
    """Installs what is missing, where that is possible, without starting any service."""
    wanted = [package for name, package in PACKAGES.items() if not shutil.which(name)]
    if not wanted or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print(f"installing {' '.join(wanted)} with apt-get …", flush=True)
    if "crowdsec" in wanted:
        CREDENTIALS.parent.mkdir(exist_ok=True)
        if not CREDENTIALS.exists() or not CREDENTIALS.stat().st_size:
            CREDENTIALS.write_text("# Not registered anywhere.\n")
    # Debian's way to say that packages start nothing; one that is there already stays.
    is_ours = not POLICY_RC.exists()
    if is_ours:
        POLICY_RC.write_text("#!/bin/sh\nexit 101\n")
        POLICY_RC.chmod(0o755)
    try:
        apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=600"]
        quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
        subprocess.run([*apt, "update"], check=True, **quiet)
        subprocess.run([*apt, "install", "--no-install-recommends", *wanted], check=True, **quiet)
    finally:
        if is_ours:
            POLICY_RC.unlink()
    # Nor at the next start of the machine.
    if pathlib.Path("/run/systemd/system").exists():
        subprocess.run(["systemctl", "disable", "--quiet", *wanted], check=False)


def versions(missing):
    found = {}
    for name, package in PACKAGES.items():
        if name not in missing:
            asked = ["dpkg-query", "--show", "--showformat=${Version}", package]
            found[name] = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return found


# Traces.


class Trace:
    """Contacts in the order of time, and who of their sources scans."""

    def __init__(self, name, path, real_ports, labels=None):
        self.name, self.path, self.real_ports = name, path, real_ports
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
        is_json = text.lstrip().startswith("{")
        rows = map(json.loads, text.splitlines()) if is_json else csv.DictReader(text.splitlines())
        contacts = [
            (float(row["ts"]), str(ipaddress.ip_address(row["src"])), int(row.get("sport") or 0),
             row.get("dst") or "192.0.2.1", int(row["dport"]))
            for row in rows
        ]
        self.contacts = sorted(contacts, key=lambda contact: contact[0])
        self.sources = {contact[1] for contact in contacts}
        self.scanners = self.sources
        if labels:
            with labels.open() as file:
                named = {row["src"] for row in csv.DictReader(file) if row["malicious"] == "1"}
            self.scanners = self.sources & named

    def dropped(self):
        """What a firewall would drop and log."""
        return [contact for contact in self.contacts if contact[4] not in self.real_ports]


def traces():
    found = [
        Trace("generated", ROOT / "plugin/eval/data/generated.ndjson.gz", {80, 443},
              ROOT / "plugin/eval/data/generated-labels.csv"),
    ]
    beside = pathlib.Path(os.environ.get("PORTSCAN_DATA") or ROOT / "../shared/data")
    if (beside / "honeytrap-2025.csv").exists():
        found.insert(0, Trace("honeytrap-2025", beside / "honeytrap-2025.csv", {80, 443}))
    if (beside / "accept-lab/accept.ndjson").exists():
        lab = beside / "accept-lab"
        found.insert(1, Trace("accept-lab", lab / "accept.ndjson", {22, 80, 443}, lab / "labels.csv"))
    if len(found) == 1:
        print("made-up clients alone: no other traces in ../shared/data or PORTSCAN_DATA")
    return found


def log_lines(contacts, format_time):
    """Contacts as iptables and ip6tables log what they drop. The rest of the packet is that of any SYN."""
    for number, (ts, src, sport, dst, dport) in enumerate(contacts):
        source, local = ipaddress.ip_address(src), ipaddress.ip_address(dst)
        if source.version == 4:
            kind, rest = "08:00", f"LEN=60 TOS=0x00 PREC=0x00 TTL=50 ID={number % 65_536} DF"
        else:
            kind, rest = "86:dd", "LEN=80 TC=0 HOPLIMIT=50 FLOWLBL=0"
        yield (
            f"{format_time(ts)} edge kernel: DROP IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:{kind} "
            f"SRC={source.exploded} DST={local.exploded} {rest} PROTO=TCP SPT={sport} DPT={dport} "
            "WINDOW=64240 RES=0x00 SYN URGP=0 \n"
        )


def utc(ts):
    return datetime.datetime.fromtimestamp(ts, datetime.timezone.utc)


# Detectors: each returns the contacts up to and including the one that flagged, by source (None where
# that cannot be told), and what it took.


def run_all(trace, replay, missing):
    rows = [row(trace, "this detector, medium", run_ours(trace, replay))]
    for name, label, run in [
        ("crowdsec", f"CrowdSec, {SCENARIO}", run_crowdsec),
        ("psad", "psad -A, danger level 1", run_psad),
    ]:
        if name not in missing:
            rows.append(row(trace, label, run(trace)))
    return {
        "name": trace.name,
        "contacts": len(trace.contacts),
        "log_lines": len(trace.dropped()),
        "scanners": len(trace.scanners),
        "benign": len(trace.sources - trace.scanners),
        "detectors": rows,
    }


def row(trace, name, ran):
    flagged, secs, rss_kib = ran
    caught = [src for src in flagged if src in trace.scanners]
    until = [flagged[src] for src in caught if flagged[src] is not None]
    return {
        "detector": name,
        "flagged_scanners": len(caught),
        "effectiveness": round(len(caught) / len(trace.scanners), 4),
        "mean_contacts_to_flag": round(sum(until) / len(until), 2) if until else None,
        "flagged_benign": len(flagged) - len(caught),
        "max_rss_mib": round(rss_kib / 1024, 1),
        "seconds": round(secs, 2),
    }


def run_ours(trace, replay):
    with tempfile.TemporaryDirectory() as folder:
        ports = ",".join(map(str, sorted(trace.real_ports)))
        text, secs, rss_kib = measured([replay, trace.path, ports], folder)
    verdicts = map(json.loads, text.splitlines())
    flagged = {str(ipaddress.ip_address(line["src"])): line["contacts_before"] for line in verdicts}
    return flagged, secs, rss_kib


def run_crowdsec(trace):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = crowdsec_config(folder)
        log = folder / "trace.log"
        log.write_text("".join(log_lines(trace.dropped(), lambda ts: utc(ts).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))))
        command = ["crowdsec", "-c", config, "-dsn", f"file://{log}", "-type", "syslog", "-no-capi"]
        text, secs, rss_kib = measured(command, folder)
    if "crowdsec shutdown" not in text:
        sys.exit(f"crowdsec did not read the log to its end:\n{text[-2000:]}")
    said = rf"Ip (\S+) performed '[^']*{SCENARIO}' \(.*?\) at (\S+ \S+) \+0000"
    flagged = {}
    for src, at in re.findall(said, text):
        src = str(ipaddress.ip_address(src))
        at = datetime.datetime.fromisoformat(at[:26]).replace(tzinfo=datetime.timezone.utc).timestamp()
        before = sum(1 for ts, other, *_ in trace.contacts if other == src and ts <= at + 1e-6)
        flagged[src] = min(before, flagged.get(src, before))
    return flagged, secs, rss_kib


def crowdsec_config(folder):
    """A configuration with the one scenario and the parsers that it needs.

    The parser that excludes private addresses is left out: traces of labs have such.
    """
    config = folder / "config"
    for part in [
        "parsers/s00-raw/crowdsecurity/syslog-logs.yaml",
        "parsers/s01-parse/crowdsecurity/iptables-logs.yaml",
        "parsers/s02-enrich/crowdsecurity/dateparse-enrich.yaml",
        f"scenarios/crowdsecurity/{SCENARIO}.yaml",
    ]:
        target = config / part.replace("crowdsecurity/", "")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HUB / part, target)
    shutil.copytree("/etc/crowdsec/patterns", config / "patterns")
    shutil.copy("/etc/crowdsec/profiles.yaml", config)
    shutil.copy(HUB / ".index.json", folder / "index.json")
    (config / "simulation.yaml").write_text("simulation: false\n")
    (config / "acquis.yaml").touch()
    credentials = config / "credentials.yaml"
    credentials.touch()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    file = folder / "config.yaml"
    # JSON is YAML.
    file.write_text(json.dumps({
        "common": {"daemonize": False, "log_media": "stdout", "log_level": "info", "working_dir": str(folder)},
        "config_paths": {
            "config_dir": f"{config}/",
            "data_dir": f"{folder}/",
            "simulation_path": str(config / "simulation.yaml"),
            "hub_dir": str(folder / "hub"),
            "index_path": str(folder / "index.json"),
        },
        "crowdsec_service": {"acquisition_path": str(config / "acquis.yaml"), "parser_routines": 1},
        "cscli": {"output": "json"},
        "db_config": {"type": "sqlite", "db_path": str(folder / "crowdsec.db"), "use_wal": True},
        "api": {
            "client": {"credentials_path": str(credentials)},
            "server": {"listen_uri": address, "profiles_path": str(config / "profiles.yaml"), "log_level": "warning"},
        },
        "prometheus": {"enabled": False},
    }))
    add = ["cscli", "-c", file, "machines", "add", "edge", "--password", "edge", "-f", credentials, "-u", f"http://{address}"]
    subprocess.run(add, check=True, capture_output=True)
    return file


def run_psad(trace):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        log = folder / "trace.log"
        # Without a year, and days padded by a space (RFC 3164).
        log.write_text("".join(log_lines(trace.dropped(), lambda ts: utc(ts).strftime("%b %e %H:%M:%S"))))
        override = folder / "override.conf"
        override.write_text(
            f"HOSTNAME edge;\nPSAD_DIR {folder};\nPSAD_RUN_DIR {folder};\nPSAD_FIFO_DIR {folder};\n"
            "ALERTING_METHODS noemail;\n"
        )
        command = ["psad", "-A", "-m", log, "--no-rdns", "--no-whois", "--no-snort-sids", "-O", override]
        text, secs, rss_kib = measured(command, folder)
    if "IP Status Detail" not in text and "Tracking 0 total" not in text:
        sys.exit(f"psad did not read the log to its end:\n{text[-2000:]}")
    levels = re.findall(r"^SRC:\s+(\S+), DL: (\d)", text, re.MULTILINE)
    # It names who is flagged, not when.
    return {str(ipaddress.ip_address(src)): None for src, level in levels if int(level) > 0}, secs, rss_kib


def measured(command, folder):
    """What `command` prints, its seconds, and the most memory that it took, in KiB."""
    start, peak_kib = time.monotonic(), 0
    with (pathlib.Path(folder) / "output").open("w+", errors="replace") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        while child.poll() is None:
            if time.monotonic() - start > PATIENCE_SECS:
                child.kill()
                child.wait()
                sys.exit(f"{command[0]} did not end within {PATIENCE_SECS} s")
            # Not ru_maxrss, which begins with what Python itself takes.
            peak_kib = max(peak_kib, peak_rss_kib(child.pid))
            time.sleep(0.002)
        secs = time.monotonic() - start
        output.seek(0)
        text = output.read()
    if child.returncode:
        sys.exit(f"{command[0]} ended with {child.returncode}:\n{text[-2000:]}")
    return text, secs, peak_kib


def peak_rss_kib(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) if found else 0


def print_table(result):
    print(
        f"\n{result['name']}: {result['contacts']:,} contacts ({result['log_lines']:,} of them with decoys), "
        f"{result['scanners']:,} scanners, {result['benign']:,} harmless"
    )
    print(f"{'detector':<38} {'flagged':>7} {'effectiveness':>13} {'N̄':>6} {'false tags':>10} {'max RSS':>9} {'time':>8}")
    for found in result["detectors"]:
        until = found["mean_contacts_to_flag"]
        print(
            f"{found['detector']:<38} {found['flagged_scanners']:>7,} {found['effectiveness']:>13.1%} "
            f"{'–' if until is None else f'{until:.2f}':>5} {found['flagged_benign']:>10,} "
            f"{found['max_rss_mib']:>5.0f} MiB {found['seconds']:>6.1f} s"
        )


main()
