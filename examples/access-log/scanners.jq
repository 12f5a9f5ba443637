# Folds the lines of verdicts.jq, sorted by address and time (jq -nRr), into one line per address:
# address, class, risk, ports, tags, last time. Of lines that start with "#" it says how many.
#
# `sort` groups them before, so that memory does not grow with the log: jq copies an object
# of all addresses at every change.

# Tags that one row shows.
def tags_max: 32;

def parsed:
  split("\t") | {address: .[0], at: .[1], verdict: (.[2] // "null" | fromjson)};

# The row of one address with one more line. The class is the latest, because a verdict may
# be corrected; the risk is the highest.
def with($new):
  $new.verdict as $verdict
  | {
      address: $new.address,
      lines: (.lines + 1),
      class: ($verdict.class // .class),
      risk: ([.risk, $verdict.risk // 0] | max),
      # null sorts before every number: what is not known stays empty.
      ports: ([.ports, $verdict.ports] | max),
      tags: (.tags + (($verdict.tags // []) - .tags))[:tags_max],
      at: $new.at
    };
def empty_row: {lines: 0, class: "unknown", risk: 0, ports: null, tags: [], at: ""};

def shown:
  if .address | startswith("#") then [.address, .lines]
  else [.address, .class, .risk, .ports, (.tags | join(" ")), .at] end
  | @tsv;

# The null behind the last line ends the last group.
foreach ((inputs | parsed), null) as $new (
  {};
  if $new != null and .row.address == $new.address then {row: (.row | with($new))}
  else {done: .row, row: (if $new then empty_row | with($new) else null end)} end;
  .done // empty | shown
)
