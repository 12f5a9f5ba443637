#!/bin/sh
# Tests scanners.sh: sh test.sh
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here"
command -v jq >/dev/null || {
  echo "test.sh: jq is missing: install the package jq of your system" >&2
  exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# check NAME EXPECTED_FILE ACTUAL_FILE
check() {
  if diff -u "$2" "$3" >"$work/diff"; then
    echo "ok   $1"
  else
    echo "FAIL $1"
    cat "$work/diff"
    failures=$((failures + 1))
  fi
}

# The sample: the program's own lines, two kinds of address, a corrected verdict.
for mode in table csv addresses; do
  ./scanners.sh "--$mode" access.log >"$work/out" 2>"$work/err"
  check "the sample as $mode" "expected.$mode" "$work/out"
  check "what the sample holds besides ($mode)" expected.stderr "$work/err"
done
sed -n '/scanners.sh --csv/,/^```/p' ../README.md | sed '1d;$d' >"$work/out"
cat expected.csv expected.stderr >"$work/expected"
check "the README shows the same" "$work/expected" "$work/out"
./scanners.sh <access.log >"$work/out" 2>/dev/null
check "standard input, table by default" expected.table "$work/out"
./scanners.sh --addresses --min-risk 81 access.log >"$work/out" 2>/dev/null
sed 2q expected.addresses >"$work/expected"
check "--min-risk takes its own value in" "$work/expected" "$work/out"
sed -n 4,6p access.log >"$work/a.log"
sed 4,6d access.log >"$work/b.log"
./scanners.sh "$work/b.log" - <"$work/a.log" >"$work/out" 2>/dev/null
check "several logs in any order" expected.table "$work/out"

# The verdicts that the upstreams are tested with. Left out are those that the edge never writes and
# that this reader counts as malformed or passes over: parameters, escapes, tabs, other types.
jq -c '
  [.vectors[]
    | select(.name | test("escape|optional space|every type|parameters|base64|UTF-8|leading zeros") | not)
    | {understood, portscan: [.headers[] | select(.[0] | ascii_downcase == "x-portscan") | .[1]] | join(", ")}]
  | to_entries[]
  | {source: "10.1.0.\(.key):1", start: "2026-01-02T03:04:05.006Z"} + .value' \
  ../vectors.json >"$work/vectors.log"
jq -r 'select(.understood.scanner)
  | [(.source | rtrimstr(":1"))] + (.understood
    | [.class // "unknown", .risk // 0, .ports, ((.tags // []) | join(" "))]) + [.start]
  | @tsv' "$work/vectors.log" | LC_ALL=C sort -t "$(printf '\t')" -k3,3nr -k1,1 >"$work/expected"
jq -rs 'def n(f): map(select(f)) | length;
  "scanners: \(n(.understood.scanner)) sources; lines without one: "
  + "\(n(.understood.header == "absent")) clean, 0 foreign, "
  + "\(n(.understood.header == "malformed")) malformed"' "$work/vectors.log" >"$work/expected.err"
./scanners.sh "$work/vectors.log" >"$work/out" 2>"$work/err"
[ "$(grep -c . "$work/expected")" -ge 12 ] || { echo "FAIL too few vectors"; failures=$((failures + 1)); }
check "the vectors of the upstreams" "$work/expected" "$work/out"
check "the vectors that are no scanners" "$work/expected.err" "$work/err"

# Foreign lines of every sort are counted, never fatal, and never become an address.
{
  printf '\n \n{}\n[]\n[{"source":"192.0.2.1:1"}]\nnull\n1\n"x"\n{"source":\n\000\001\377\n'
  printf '{"source":7,"portscan":"class=malicious"}\n'
  for source in 192.0.2.1 192.0.2.256:1 192.0.2.1:123456 '[::1]' '::1:1' 'a:1' '192.0.2.1:1\n' '#end'; do
    printf '{"source":"%s","portscan":"class=malicious"}\n' "$source"
  done
  head -c 300000 /dev/zero | tr '\0' '['
} >"$work/foreign.log"
./scanners.sh "$work/foreign.log" >"$work/out" 2>"$work/err"
: >"$work/expected"
echo "scanners: 0 sources; lines without one: 0 clean, 20 foreign, 0 malformed" >"$work/expected.err"
check "foreign lines give no scanner" "$work/expected" "$work/out"
check "foreign lines are counted" "$work/expected.err" "$work/err"

# A value that is too long or of another type is malformed; the time then comes from nowhere.
{
  printf '{"source":"192.0.2.1:1","portscan":"class=malicious%04096d"}\n' 0
  printf '{"source":"192.0.2.1:1","portscan":{"class":"malicious"}}\n'
  printf '{"source":"192.0.2.1:1","portscan":7}\n'
  printf '{"source":"192.0.2.1:1","portscan":"class=malicious\\n"}\n'
  printf '{"source":"192.0.2.2:1","start":"soon\\t","portscan":"risk=5, last=@0"}\n'
  printf '{"source":"192.0.2.3:1","start":7,"portscan":"risk=4, new=1.5, note=\\"=\\""}'
} >"$work/odd.log"
./scanners.sh "$work/odd.log" >"$work/out" 2>"$work/err"
printf '192.0.2.2\tunknown\t5\t\t\t1970-01-01T00:00:00Z\n192.0.2.3\tunknown\t4\t\t\t\n' >"$work/expected"
echo "scanners: 2 sources; lines without one: 0 clean, 0 foreign, 4 malformed" >"$work/expected.err"
check "odd values, last line without its end" "$work/expected" "$work/out"
check "odd values are counted" "$work/expected.err" "$work/err"

./scanners.sh --csv </dev/null >"$work/out" 2>"$work/err"
sed 1q expected.csv >"$work/expected"
echo "scanners: 0 sources; lines without one: 0 clean, 0 foreign, 0 malformed" >"$work/expected.err"
check "an empty log" "$work/expected" "$work/out"
check "an empty log is counted" "$work/expected.err" "$work/err"

# refused EXPECTED_MESSAGE ARGUMENT...
refused() {
  echo "scanners.sh: $1" >"$work/expected"
  shift
  status=0
  ./scanners.sh "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
  echo "$status" >>"$work/err"
  echo 2 >>"$work/expected"
  check "refused: $*" "$work/expected" "$work/err"
}
refused "cannot read 'no-such.log'" no-such.log
refused "unknown option '--json', see --help" --json
refused "--min-risk is '101', not a number from 0 to 100" --min-risk 101
refused "--min-risk needs a number from 0 to 100" --min-risk

[ "$failures" = 0 ] || {
  echo "$failures failed"
  exit 1
}
echo "all passed"
