"""Reads the request header `x-portscan`: an RFC 9651 Dictionary, for example

    kind=vertical, risk=87, class=malicious, ports=37, last=@1790000042, tags=(decoy), src=local

Standard library only; copy this file into your own service. `read_portscan` is all you need.
"""

import re
from urllib.parse import unquote_to_bytes

# The edge's own values stay far below this; a limit keeps a hostile value from costing anything.
MAX_BYTES = 4096


class Malformed(ValueError):
    """The value is not what the edge writes. Treat the header as absent, and say so in the log."""


class Token(str):
    """A bare word, as in `class=malicious`; a quoted string is a plain `str`."""


class Date(int):
    """Seconds since 1970, as in `@1790000000`; a number without the sign is a plain `int`."""


def read_portscan(value):
    """Returns the verdict as a dict with the known keys only, or None when there is none.

    `value` is the field value, several lines joined by commas, or None. What the edge does not
    know is left out. Raises `Malformed`.
    """
    if value is None or value.strip(" ") == "":
        return None
    if len(value) > MAX_BYTES:
        raise Malformed(f"longer than {MAX_BYTES} bytes")
    members = parse_dictionary(value)
    return {key: _checked(key, members[key]) for key in _KEYS if key in members}


def parse_dictionary(text):
    """Parses any RFC 9651 Dictionary; parameters are checked and dropped. Raises `Malformed`."""
    scan = _Scanner(text.strip(" "))
    members = {}
    while not scan.done():
        key = scan.key()
        # RFC 9651, 4.2.2: a key that comes again overwrites, a key without a value is true.
        members[key] = scan.member() if scan.take("=") else scan.with_parameters(True)
        scan.skip(" \t")
        if scan.done():
            break
        scan.expect(",")
        scan.skip(" \t")
        if scan.done():
            raise Malformed("comma at the end")
    return members


# The order is that of the edge, and of the answer that the example gives.
_KEYS = {
    "kind": Token,
    "risk": int,
    "class": Token,
    "actor": str,
    "ports": int,
    "hosts": int,
    "hits": int,
    "first": Date,
    "last": Date,
    "tags": list,
    "src": Token,
}


def _checked(key, value):
    # `type`, not `isinstance`: a boolean is an int in Python, and a Token is a str.
    if type(value) is not _KEYS[key]:
        raise Malformed(f"{key} is not of type {_KEYS[key].__name__.lower()}")
    if type(value) is int and value < 0:
        raise Malformed(f"{key} is {value}, less than 0")
    if key == "risk" and value > 100:
        raise Malformed(f"risk is {value}, more than 100")
    if key == "tags" and any(type(tag) is not Token for tag in value):
        raise Malformed("a tag is not of type token")
    return value


class _Scanner:
    """A position in the text; each method consumes what it names or raises `Malformed`."""

    def __init__(self, text):
        self._text = text
        self._at = 0

    def done(self):
        return self._at == len(self._text)

    def take(self, char):
        found = self._text.startswith(char, self._at)
        self._at += len(char) if found else 0
        return found

    def expect(self, char):
        if not self.take(char):
            raise Malformed(f"expected {char!r} at {self._at}")

    def skip(self, chars):
        while not self.done() and self._text[self._at] in chars:
            self._at += 1

    def key(self):
        return self._match(_KEY, "a key")[0]

    def member(self):
        return self._inner_list() if self.take("(") else self.with_parameters(self._bare_item())

    def with_parameters(self, value):
        while self.take(";"):
            self.skip(" ")
            self.key()
            if self.take("="):
                self._bare_item()
        return value

    def _inner_list(self):
        items = []
        self.skip(" ")
        while not self.take(")"):
            items.append(self.with_parameters(self._bare_item()))
            if not self._text.startswith(")", self._at):
                self.expect(" ")
                self.skip(" ")
        return self.with_parameters(items)

    def _bare_item(self):
        match = self._match(_BARE_ITEM, "a value")
        return _VALUES[match.lastgroup](match[0])

    def _match(self, pattern, what):
        match = pattern.match(self._text, self._at)
        if match is None:
            raise Malformed(f"expected {what} at {self._at}")
        self._at = match.end()
        return match


def _display_string(raw):
    try:
        return _Other(unquote_to_bytes(raw[2:-1]).decode())
    except UnicodeDecodeError:
        raise Malformed("display string is not UTF-8") from None


class _Other(str):
    """A value of a type that no known key has."""


# RFC 9651, section 3.3. The decimal comes before the integer that it starts with.
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_BARE_ITEM = re.compile(
    r"""(?P<decimal>-?[0-9]{1,12}\.[0-9]{1,3})
    | (?P<integer>-?[0-9]{1,15})
    | (?P<string>"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*")
    | (?P<token>[A-Za-z*][A-Za-z0-9!\#$%&'*+.^_`|~:/-]*)
    | (?P<date>@-?[0-9]{1,15})
    | (?P<boolean>\?[01])
    | (?P<bytes>:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?)?:)
    | (?P<display>%"(?:[\x20-\x21\x23-\x24\x26-\x7e]|%[0-9a-f]{2})*")""",
    re.VERBOSE,
)
_VALUES = {
    "decimal": float,
    "integer": int,
    "string": lambda raw: re.sub(r"\\(.)", r"\1", raw[1:-1]),
    "token": Token,
    "date": lambda raw: Date(raw[1:]),
    "boolean": lambda raw: raw == "?1",
    "bytes": _Other,
    "display": _display_string,
}
