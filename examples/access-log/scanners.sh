#!/bin/sh
# Turns Envoy's JSON access log into a list of scanners, highest risk first.
set -eu

usage() {
  cat <<'EOF'
usage: scanners.sh [--table | --csv | --addresses] [--min-risk N] [LOG...]

  --table      address, class, risk, ports, tags, last time, separated by tabs (default)
  --csv        the same as CSV with a header line
  --addresses  only addresses, one a line, without class benign: for a block list
  --min-risk N leave out sources below this risk (0 to 100, default 0)

Reads standard input when no LOG is named. Lines that are not of this log are counted on
standard error and never fatal.
EOF
}

fail() {
  echo "scanners.sh: $1" >&2
  exit 2
}

mode=table
min_risk=0
while [ $# -gt 0 ]; do
  case $1 in
    --table | --csv | --addresses) mode=${1#--} ;;
    --min-risk)
      [ $# -ge 2 ] || fail "--min-risk needs a number from 0 to 100"
      shift
      case $1 in
        [0-9] | [1-9][0-9] | 100) min_risk=$1 ;;
        *) fail "--min-risk is '$1', not a number from 0 to 100" ;;
      esac
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    --)
      shift
      break
      ;;
    -?*) fail "unknown option '$1', see --help" ;;
    *) break ;;
  esac
  shift
done
command -v jq >/dev/null || fail "jq is missing: install the package jq of your system"
for log in "$@"; do
  [ "$log" = - ] || [ -r "$log" ] || fail "cannot read '$log'"
done

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
report=$(cat -- "$@" | jq -nR -f "$here/scanners.jq")

printf '%s\n' "$report" | jq -r --arg mode "$mode" --argjson min_risk "$min_risk" '
  def row: [.address, .class, .risk, .ports, (.tags | join(" ")), .at];
  .rows | map(select(.risk >= $min_risk))
  | if $mode == "addresses" then .[] | select(.class != "benign") | .address
    elif $mode == "csv" then ["address", "class", "risk", "ports", "tags", "last"], (.[] | row) | @csv
    else .[] | row | @tsv
    end'
printf '%s\n' "$report" | jq -r '
  .counts | def n($name): .["#" + $name] // 0;
  "scanners: \(n("sources")) sources in \(n("lines")) lines; \(n("clean")) clean, "
  + "\(n("foreign")) foreign, \(n("malformed")) malformed, \(n("left_out")) left out"' >&2
