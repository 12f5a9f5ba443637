# One line of Envoy's JSON access log after another (jq -nRr, so that a line that is no JSON is just
# another string) becomes "address TAB time TAB verdict" or, where there is no scanner in it,
# "#clean", "#foreign" or "#malformed"; "#end" says that nothing was lost.
#
# A line counts when it is an object whose "source" is "ip:port" or "[v6]:port". Its "portscan" is
# the value of the header x-portscan; "", "-", null or no such key is a clean source.

# Longer verdicts than the edge writes are not read at all.
def verdict_bytes_max: 4096;

# ---- The verdict, in the form that the edge writes. A regular expression over all of RFC 9651 would
# be compiled anew for every line and take milliseconds; this takes a tenth of one. ----

def types: {
  kind: "token", risk: "risk", class: "token", actor: "string", ports: "integer", hosts: "integer",
  hits: "integer", first: "date", last: "date", tags: "tokens", src: "token"
};

def token: if test("\\A[A-Za-z*][A-Za-z0-9_.*-]*\\z") then . else error("no token") end;
# No `try` here: jq 1.6 catches with it what fails later, too.
def integer:
  if length >= 1 and length <= 15 and explode - [48, 49, 50, 51, 52, 53, 54, 55, 56, 57] == []
  then tonumber
  else error("no count") end;
def risk: integer | if . <= 100 then . else error("risk above 100") end;
def date: if startswith("@") then .[1:] | integer else error("no date") end;
def string: if test("\\A\"[A-Za-z0-9._-]*\"\\z") then .[1:-1] else error("no string") end;
def tokens:
  if startswith("(") and endswith(")") then .[1:-1] else error("no list") end
  | if . == "" then [] else split(" ") | map(token) end;
# The value of a key that is not known: whatever it is, the comma that ended it was not inside.
def unknown:
  indices("\"") as $quotes
  | if $quotes == [] or (length > 1 and $quotes == [0, length - 1]) then . else error("no value") end;

def typed($type):
  if $type == "token" then token
  elif $type == "integer" then integer
  elif $type == "risk" then risk
  elif $type == "date" then date
  elif $type == "string" then string
  elif $type == "tokens" then tokens
  else unknown end;

# The verdict as an object; null for a clean source. Fails when the value is not what the edge writes.
def verdict:
  if . == null or . == "" or . == "-" then null
  elif type != "string" or length > verdict_bytes_max then error("no verdict")
  else types as $types
    | reduce (split(", ")[] | split("=")) as $parts ({};
        # A key without a value is true (RFC 9651, 4.2.2), a key that comes again overwrites.
        if $types[$parts[0]] or ($parts[0] | test("\\A[a-z*][a-z0-9_.*-]*\\z"))
        then .[$parts[0]] = ($parts[1:] | if . == [] then "?1" else join("=") end)
        else error("no key") end)
    | with_entries({key, value: (.key as $key | .value | typed($types[$key]))})
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

# What one line says.
def said:
  (try fromjson catch null) as $line
  | (try ($line | if type == "object" then .source | address else null end) catch null) as $address
  | if $address == null then "#foreign"
    else try (
      ($line.portscan | verdict) as $verdict
      | if $verdict == null then "#clean"
        else [$address, ($line | time($verdict)), ($verdict | tojson)] | join("\t")
        end
    ) catch "#malformed"
    end;

(inputs | said), "#end"
