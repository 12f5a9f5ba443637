"""A small WSGI service behind the edge that acts on `x-portscan`. Standard library only.

    python3 server.py --port 18080

`app` is an ordinary WSGI application; it also runs under any other WSGI server.
"""

import argparse
import json
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from portscan_header import Malformed, read_portscan

# Behind the edge there are few connections; without a limit each would cost a thread.
MAX_CONNECTIONS = 64
MAX_BODY_BYTES = 64 * 1024
SECONDS_PER_CONNECTION = 10

# What is done about it. An unknown class is treated with the care that an unknown scanner deserves.
DECISION_BY_CLASS = {"malicious": "deny", "suspicious": "step-up", "benign": "plain"}

# decision: status of /, status of /login, what the login page offers.
ANSWERS = {
    "allow": ("200 OK", "200 OK", "form"),
    "plain": ("200 OK", "200 OK", "none"),
    "step-up": ("200 OK", "429 Too Many Requests", "captcha"),
    "deny": ("403 Forbidden", "403 Forbidden", "none"),
}


def app(environ, start_response):
    """The WSGI application: `/` says what it understood, `/login` asks for more where it should."""
    understood, note = understand(environ.get("HTTP_X_PORTSCAN"))
    decision = understood["decision"]
    root_status, login_status, login = ANSWERS[decision]
    path = environ.get("PATH_INFO", "")
    if path == "/":
        status, answer = root_status, understood
    elif path == "/login":
        status, answer = login_status, {"decision": decision, "login": login}
    else:
        status = "403 Forbidden" if decision == "deny" else "404 Not Found"
        answer = {"decision": decision}

    drop_body(environ)
    method = environ["REQUEST_METHOD"]
    # JSON escapes keep whatever the client wrote on one line of the log.
    print(method, json.dumps(path[:200]), status[:3], decision, note, flush=True)
    body = (json.dumps(answer, separators=(",", ":")) + "\n").encode()
    start_response(
        status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [] if method == "HEAD" else [body]


def understand(value):
    """Returns what `/` answers for the header value (None: no header), and a note for the log."""
    try:
        verdict = read_portscan(value)
    except Malformed as error:
        # Whoever is served must not depend on a broken header: absent, but never silently.
        answer = {"header": "malformed", "scanner": False, "decision": "allow"}
        return answer, f"malformed x-portscan: {error}"
    if verdict is None:
        return {"header": "absent", "scanner": False, "decision": "allow"}, "no scanner"
    decision = DECISION_BY_CLASS.get(verdict.get("class"), "step-up")
    answer = {"header": "present", "scanner": True, "decision": decision, **verdict}
    said = [f"{key}={verdict.get(key, '?')}" for key in ("class", "kind", "risk")]
    return answer, " ".join([*said, "tags=" + ",".join(verdict.get("tags", []))])


def drop_body(environ):
    """Reads a small request body, which would otherwise reset the connection when it closes."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length.isdecimal():
        environ["wsgi.input"].read(min(int(length), MAX_BODY_BYTES))


class Handler(WSGIRequestHandler):
    """Hands the application only headers that cannot be mistaken for others."""

    timeout = SECONDS_PER_CONNECTION

    def get_environ(self):
        # WSGI folds `X_PortScan` and `X-PortScan` into one HTTP_X_PORTSCAN. The edge removes both
        # spellings; this keeps it true without the edge too. (gunicorn and nginx do it by default.)
        for name in {name for name in self.headers if "_" in name}:
            del self.headers[name]
        return super().get_environ()

    def log_message(self, format, *args):
        """The application logs; one line per request is enough."""


class Server(ThreadingMixIn, WSGIServer):
    """A thread per connection, so that one slow client does not stop the others."""

    daemon_threads = True
    free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request, client_address):
        self.free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()


def serve(port):
    """Listens on loopback only: the header means something only when the edge is in front."""
    return make_server("127.0.0.1", port, app, server_class=Server, handler_class=Handler)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=18080, help="0 takes a free one")
    with serve(parser.parse_args().port) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
