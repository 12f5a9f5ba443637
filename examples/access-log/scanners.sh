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
tab=$(printf '\t')

rows=$(
  cat -- "$@" | jq -nRr -f "$here/verdicts.jq" |
    LC_ALL=C sort -t "$tab" -k1,1 -k2,2 | jq -nRr -f "$here/scanners.jq" |
    LC_ALL=C sort -t "$tab" -k3,3nr -k1,1
)
counted() {
  printf '%s\n' "$rows" | sed -n "s/^#$1$tab//p" | grep . || echo 0
}
[ "$(counted end)" = 1 ] || fail "the log was not read to its end"

printf '%s\n' "$rows" | sed '/^#/d' | jq -nRr --arg mode "$mode" --argjson min_risk "$min_risk" '
  def rows:
    inputs | split("\t")
    | [.[0], .[1], (.[2] | tonumber), (.[3] | if . == "" then null else tonumber end), .[4], .[5]]
    | select(.[2] >= $min_risk);
  if $mode == "addresses" then rows | select(.[1] != "benign") | .[0]
  elif $mode == "csv" then ["address", "class", "risk", "ports", "tags", "last"], rows | @csv
  else rows | @tsv
  end'
echo "scanners: $(printf '%s\n' "$rows" | sed '/^#/d' | grep -c .) sources;" \
  "lines without one: $(counted clean) clean, $(counted foreign) foreign," \
  "$(counted malformed) malformed" >&2
