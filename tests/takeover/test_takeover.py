#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody runs code of his own inside a live worker: what he tries is refused, and the same code
works outside. Run by `make takeover`; a world of its own, the roles under users of their own."""
import contextlib
import ctypes
import json
import os
import re
import socket
import sys
import threading
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))
import world as w  # noqa: E402

W = None
LANDLOCK = max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))  # landlock_create_ruleset: its version
SETTINGS = "users: { worker: daemon, recorder: bin, verifier: games }\n"
# Waits for a worker: those before may just have been ended.
ASK = (f"for i in 1 2 3 4 5 6 7 8; do curl -sS --max-time {30 * w.SLOW} \"$@\" "
       "https://bigquery.googleapis.com/takeover; s=$?; [ $s != 7 ] && exit $s; sleep 1; done")


def hand_over(s):
    """Somebody outside whom any user reaches: who sends him an end of a pair is sent a descriptor there."""
    with contextlib.suppress(OSError):
        while True:
            _, fds, _, _ = socket.recv_fds(s, 1, 1)
            with contextlib.suppress(OSError), socket.socket(fileno=fds[0]) as end:
                socket.send_fds(end, [b"x"], [s.fileno()], socket.MSG_DONTWAIT)


class Takeover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # the roles have users of their own here, as where it is installed
        os.chmod(W.path("pki", "upstream-ca.crt"), 0o644)
        cls.control = os.path.join(W.build, "control")
        cls.attempts = [json.loads(line) for line in
                        W.outside([cls.control, "list"]).stdout.splitlines()]
        cls.id_token = W.oidc_token()
        cls.held = [socket.create_server((w.GOOGLE4, 8080)),
                    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
                    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)]
        cls.held[1].bind("\0takeover")
        cls.held[2].bind(W.path("outside"))
        os.chmod(W.path("outside"), 0o777)
        threading.Thread(target=hand_over, args=cls.held[2:], daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        for s in cls.held:
            s.close()

    def target(self):
        """Warden, recorder, and the workers."""
        def all_there():
            with contextlib.suppress(OSError):
                workers = W.pids("worker")
                return workers if len(workers) == 2 else None
        workers = w.wait_for("two workers", all_there)
        return W.children["sallyportd"].pid, W.pids("recorder")[0], workers

    def inside(self, name, other):
        warden, recorder, _ = self.target()
        argv = ["sh", "-c", ASK, "-", "-H", f"x-takeover: {name}", "-H", f"x-warden: {warden}",
                "-H", f"x-recorder: {recorder}", "-H", f"x-other: {other}", "-H", f"x-dir: {W.dir}",
                "-H", f"x-id-token: {self.id_token}"]
        p = W.agent(argv, timeout=90)
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(p.stdout)
        return {"outcome": "cut", "pid": 0, "why": p.stdout + p.stderr}

    def attempt(self, name):
        """Until the worker that answers is not the one that is aimed at."""
        for i in range(20):
            other = self.target()[2][i % 2]
            a = self.inside(name, other)
            if a["pid"] != other:
                return a
        self.fail("the same worker answers always")

    def patiently(self, name):
        """Where a machine is emulated, a worker may be ended because it kept the warden waiting: then once more."""
        a = self.attempt(name)
        return self.attempt(name) if a["outcome"] == "cut" and w.SLOW > 1 else a

    def died(self, before):
        """Which worker ended since, by the warden's log."""
        def seen():
            return [line for line in W.log("sallyportd")[before:].splitlines()
                    if "has ended" in line and "worker" in line]
        try:
            return w.wait_for("an end", seen, 6)
        except TimeoutError:
            return []

    def outside(self, name):
        warden, recorder, workers = self.target()
        p = W.outside([self.control, "run", name, W.dir, str(warden), str(recorder),
                       str(workers[0])])
        # a program that took its place says nothing
        return p.stdout.strip() or ("through" if p.returncode == 0 else p.stderr)

    def of(self, end, kind):
        found = [a for a in self.attempts if a["end"] == end and ("to" in a) == (kind == "said")]
        self.assertTrue(found)
        return found

    def assert_refused(self, a):
        with self.subTest(a["id"]):
            if a.get("landlock", 0) > LANDLOCK:
                self.skipTest(f"this kernel's Landlock is version {LANDLOCK}; {a['landlock']} stops it")
            got = self.patiently(a["id"])
            self.assertNotIn(got["outcome"], ("through", "cut", "no such attempt"), (a, got))
            if a.get("error"):
                self.assertEqual(got["outcome"], a["error"], a)

    def assert_ended(self, a):
        with self.subTest(a["id"]):
            before = len(W.log("sallyportd"))
            got = self.attempt(a["id"])
            if a.get("to") == "recorder":
                self.assertNotEqual(got["outcome"], "through", (a, got))
                self.assertIn("channel", W.log("sallyportd")[before:])
                W.run(["kill", "-9", *map(str, self.target()[2])])  # without records it is of no use
                self.died(before)
                return
            self.assertEqual(got["outcome"], "cut", (a, got))
            died = self.died(before)
            self.assertEqual(len(died), 1, (a, got, W.log("sallyportd")[before:]))
            self.assertIn("signal 9" if a.get("to") else "signal 31", died[0], a)

    def test_1_the_attempts_work_where_nothing_stops_them(self):
        for a in self.attempts:
            if a.get("control"):
                with self.subTest(a["id"]):
                    self.assertEqual(self.outside(a["id"]), "through", a)

    def test_2_what_he_asks_of_the_kernel_is_refused(self):
        for a in self.of("refused", "done"):
            self.assert_refused(a)

    def test_3_what_only_an_intruder_asks_ends_the_worker(self):
        for a in self.of("killed", "done"):
            self.assert_ended(a)

    def test_4_what_he_asks_of_warden_and_recorder_is_refused(self):
        for a in self.of("refused", "said"):
            self.assert_refused(a)

    def test_5_what_no_worker_says_ends_the_worker(self):
        for a in self.of("killed", "said"):
            self.assert_ended(a)

    def test_6_what_the_table_calls_not_stopped_is_not(self):
        for a in self.of("open", "done") + self.of("open", "said"):
            with self.subTest(a["id"]):
                self.assertEqual(self.patiently(a["id"])["outcome"], "through", a)

    def in_verifier(self, name):
        """What the verifier says of an attempt in it, and whether it ended over it."""
        warden, recorder, workers = self.target()
        pid = w.wait_for("a verifier", lambda: W.pids("verifier"))[0]
        token = f"takeover {name} {warden} {recorder} {workers[0]} {W.dir}"
        p = W.agent(["curl", "-sS", "--max-time", str(30 * w.SLOW), "https://sts.googleapis.com/v1/token", "-d",
                     "grant_type=urn:ietf:params:oauth:grant-type:token-exchange",
                     "--data-urlencode", "subject_token=" + token], timeout=60)
        said = re.search("takeover: ([A-Za-z]+)", p.stdout)
        return said[1] if said else p.stdout + p.stderr, pid

    def test_6_in_the_verifier_he_gets_no_further(self):
        for a in self.of("refused", "done"):
            with self.subTest(a["id"]):
                if a.get("landlock", 0) > LANDLOCK:
                    self.skipTest(f"this kernel's Landlock is version {LANDLOCK}; {a['landlock']} stops it")
                got, _ = w.wait_for("an answer", lambda a=a: next(
                    (g for g in [self.in_verifier(a["id"])] if "identity.verifier" not in g[0]), None))
                self.assertRegex(got, "^E[A-Z]+$", a)
        for a in self.of("killed", "done")[:4]:  # each costs a longer pause before the next start
            with self.subTest(a["id"]):
                before = len(W.log("sallyportd"))
                got, pid = self.in_verifier(a["id"])
                self.assertIn("identity.verifier", got, a)
                w.wait_for("its end", lambda pid=pid, n=before: f"verifier 0 (pid {pid}) has ended: "
                           "signal 31" in W.log("sallyportd")[n:])

    def test_7_afterwards_all_is_well(self):
        recorder = W.pids("recorder")
        self.assertEqual(W.children["sallyportd"].poll(), None)
        self.assertEqual(len(recorder), 1)
        self.assertNotIn("recorder 0 (pid", W.log("sallyportd"))  # it never ended
        a = w.wait_for("an answer", lambda: W.patient_query("SELECT id FROM crm.customers LIMIT 1"))
        self.assertTrue(a.get("rows"), a)
        W.stop("sallyportd")
        p = W.ctl("audit", "verify", "--store", W.store())
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr)

    def test_0_the_product_has_no_such_door(self):
        product = os.path.join(os.path.dirname(W.build), "sallyportd")
        for path, has in ((os.path.join(W.build, "sallyportd"), True), (product, False)):
            with open(path, "rb") as f:
                self.assertEqual(b"x-takeover" in f.read(), has, path)


if __name__ == "__main__":
    w.run_tests(globals(), settings=SETTINGS, workers=2)
