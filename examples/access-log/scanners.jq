# Turns Envoy's JSON access log into one report: {rows, counts}. Called by scanners.sh with
#   jq -nR -f scanners.jq, so that a line that is no JSON is just another string.
#
# A line counts when it is an object whose "source" is "ip:port" or "[v6]:port". Its "portscan" is
# the value of the header x-portscan; "", "-", null or no such key is a clean source.

# More addresses than the edge itself remembers by default; what comes beyond is counted.
def addresses_max: 100000;
# Longer verdicts than the edge writes are not read at all.
def verdict_bytes_max: 4096;
# Tags that one row shows.
def tags_max: 32;

# ---- The verdict, in the form that the edge writes. A regular expression over all of RFC 9651 is
# compiled anew for every line and takes milliseconds; this takes a tenth of one. ----

def all_of($chars): explode - ($chars | explode) == [];
def lower: "abcdefghijklmnopqrstuvwxyz";
def letters: lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
def digits: "0123456789";

def token:
  if . != "" and all_of(letters + digits + "_-.*") and (.[:1] | all_of(letters + "*")) then .
  else error("no token") end;
def integer:
  if length >= 1 and length <= 15 and all_of(digits) then tonumber else error("no count") end;
def risk: integer | if . <= 100 then . else error("risk above 100") end;
def date: if startswith("@") then .[1:] | integer else error("no date") end;
def string:
  if length >= 2 and startswith("\"") and endswith("\"") and (.[1:-1] | all_of(letters + digits + "._-"))
  then .[1:-1] else error("no string") end;
def tokens:
  if startswith("(") and endswith(")") then .[1:-1] else error("no list") end
  | if . == "" then [] else split(" ") | map(token) end;
# The value of a key that is not known: whatever it is, the comma that ended it was not inside.
def unknown:
  if indices("\"") == [] then .
  elif length >= 2 and indices("\"") == [0, length - 1] then .
  else error("no value") end;

def value($key):
  if $key == "kind" or $key == "class" or $key == "src" then token
  elif $key == "risk" then risk
  elif $key == "ports" or $key == "hosts" or $key == "hits" then integer
  elif $key == "first" or $key == "last" then date
  elif $key == "actor" then string
  elif $key == "tags" then tokens
  else unknown end;

# The verdict as an object; null for a clean source. Fails when the value is not what the edge writes.
def verdict:
  if . == null or . == "" or . == "-" then null
  elif type != "string" or length > verdict_bytes_max then error("no verdict")
  else reduce (split(", ")[]) as $member ({};
      # A key without a value is true (RFC 9651, 4.2.2), a key that comes again overwrites.
      ($member | index("=") // length) as $stop
      | ($member[:$stop]) as $key
      | if $key != "" and ($key | all_of(lower + digits + "_-.*"))
        then .[$key] = (if $stop == ($member | length) then "?1" else $member[$stop + 1:] end)
        else error("no key") end)
    | with_entries(.key as $key | .value |= value($key))
  end;

# ---- The log ----

def octets: if all(split(".")[]; tonumber <= 255) then . else error("no address") end;

# "192.0.2.7:4242" -> "192.0.2.7", "[2001:db8::7]:4242" -> "2001:db8::7"; nothing else is a source.
def address:
  if type != "string" then error("no source")
  else
    (capture("\\A(?<v4>[0-9]{1,3}(?:\\.[0-9]{1,3}){3}):[0-9]{1,5}\\z") | .v4 | octets)
    // (capture("\\A\\[::[fF]{4}:(?<v4>[0-9]{1,3}(?:\\.[0-9]{1,3}){3})\\]:[0-9]{1,5}\\z") | .v4 | octets)
    // (capture("\\A\\[(?<v6>[0-9a-fA-F:]{2,39})\\]:[0-9]{1,5}\\z") | .v6 | ascii_downcase)
    // error("no address")
  end;

def time($verdict):
  if (.start | type) == "string" and (.start | test("\\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,20}Z\\z"))
  then .start
  elif $verdict.last then $verdict.last | todate
  else "" end;

# What one line says: {kind: "clean" | "foreign" | "malformed"} or {kind: "scanner", …}.
def said:
  (try fromjson catch null) as $line
  | try ($line | if type == "object" then .source | address else error("no object") end) catch null
  | . as $address
  | if . == null then {kind: "foreign"}
    else try (
      ($line.portscan | verdict) as $verdict
      | if $verdict == null then {kind: "clean"}
        else {kind: "scanner", address: $address, at: ($line | time($verdict)), verdict: $verdict}
        end
    ) catch {kind: "malformed"}
    end;

# The row of one address with one more line. The class is that of the latest line, because
# a verdict may be corrected; the risk is the highest.
def row($old; $new):
  $new.verdict as $verdict
  | ($old.at == null or $new.at >= $old.at) as $latest
  | {
      class: (if $latest then $verdict.class // $old.class // "unknown" else $old.class end),
      risk: ([$old.risk // 0, $verdict.risk // 0] | max),
      # null sorts before every number: what is not known stays empty.
      ports: ([$old.ports, $verdict.ports] | max),
      tags: (($old.tags // []) + (($verdict.tags // []) - ($old.tags // [])))[:tags_max],
      at: (if $latest then $new.at else $old.at end)
    };

# One flat object, changed by `setpath` alone: jq changes that in place, but copies the whole of
# what lies one level deeper or is changed by `|=`, which made a long log take time by its square.
# A counter's name starts with "#", so that it is no address.
def count($name): setpath([$name]; (.[$name] // 0) + 1);

reduce (inputs | said) as $said ({};
  count("#lines")
  | if $said.kind != "scanner" then count("#" + $said.kind)
    elif has($said.address) then setpath([$said.address]; row(.[$said.address]; $said))
    elif (.["#sources"] // 0) < addresses_max
    then count("#sources") | setpath([$said.address]; row(null; $said))
    else count("#left_out")
    end
)
| {
    counts: with_entries(select(.key | startswith("#"))),
    # The address comes last in the order, so that equal risks never change places.
    rows: [
      to_entries[] | select(.key | startswith("#") | not) | {address: .key} + .value
    ] | sort_by(-.risk, .address)
  }
