"""The shared vectors over real HTTP, and what is special about WSGI."""

import contextlib
import http.client
import io
import json
import pathlib
import re
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import portscan_header  # noqa: E402
import server  # noqa: E402

SHARED = json.loads((HERE.parent / "vectors.json").read_text(encoding="utf-8"))


class Upstream(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.serve(0)
        cls.thread = threading.Thread(target=cls.server.serve_forever)
        cls.thread.start()
        cls.log = io.StringIO()
        cls.silence = contextlib.redirect_stdout(cls.log)
        cls.silence.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.silence.__exit__(None, None, None)
        cls.server.shutdown()
        cls.thread.join()
        cls.server.server_close()

    def ask(self, path, headers=(), method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        with contextlib.closing(connection):
            connection.putrequest(method, path)
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None

    def test_every_vector_is_understood_and_answered(self):
        self.assertGreater(len(SHARED["vectors"]), 40)
        for vector in SHARED["vectors"]:
            with self.subTest(vector["name"]):
                decision = vector["understood"]["decision"]
                expected = SHARED["decisions"][decision]
                self.assertEqual(
                    self.ask("/", vector["headers"]),
                    (expected["root_status"], vector["understood"]),
                )
                self.assertEqual(
                    self.ask("/login", vector["headers"]),
                    (
                        expected["login_status"],
                        {"decision": decision, "login": expected["login"]},
                    ),
                )

    def test_another_path_is_not_found_and_stays_forbidden_for_malicious_sources(self):
        self.assertEqual(self.ask("/x")[0], 404)
        self.assertEqual(self.ask("/x", [("x-portscan", "class=malicious")])[0], 403)

    def test_a_login_with_a_body_is_answered(self):
        self.assertEqual(self.ask("/login", method="POST", body=b"u=1" * 10_000)[0], 200)

    def test_head_has_no_body(self):
        self.assertEqual(self.ask("/", method="HEAD"), (200, None))

    def test_one_log_line_per_request_with_the_reason_of_a_malformed_header(self):
        seen = len(self.log.getvalue())
        self.ask("/", [("x-portscan", "class=")])
        line = 'GET "/" 200 allow malformed x-portscan: expected a value at 6\n'
        self.assertEqual(self.log.getvalue()[seen:], line)

    def test_a_line_break_in_the_path_stays_escaped_in_the_log(self):
        seen = len(self.log.getvalue())
        self.ask("/%0aGET%20forged")
        self.assertEqual(self.log.getvalue()[seen:], 'GET "/\\nGET forged" 404 allow no scanner\n')


    def test_the_readme_shows_what_is_answered(self):
        readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
        shown = re.findall(
            r"^\$ curl (?:-H 'x-portscan: (.+?)' )?.*:18080(/\w*)\n(.+)$", readme, re.MULTILINE
        )
        self.assertEqual(len(shown), 4)
        for value, path, answer in shown:
            headers = [("x-portscan", value)] if value else []
            self.assertEqual(self.ask(path, headers)[1], json.loads(answer))


class Header(unittest.TestCase):
    def test_the_longest_value_is_read_and_one_byte_more_is_malformed(self):
        longest = "class=benign" + " " * (portscan_header.MAX_BYTES - 13) + ","
        with self.assertRaisesRegex(portscan_header.Malformed, "comma at the end"):
            portscan_header.read_portscan(longest)
        with self.assertRaisesRegex(portscan_header.Malformed, "longer than 4096 bytes"):
            portscan_header.read_portscan(longest + " ")

    def test_no_cut_of_a_value_raises_anything_else(self):
        for vector in SHARED["vectors"]:
            value = ",".join(value for _, value in vector["headers"])
            for end in range(len(value)):
                with contextlib.suppress(portscan_header.Malformed):
                    portscan_header.read_portscan(value[:end])


if __name__ == "__main__":
    unittest.main()
