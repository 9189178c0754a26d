#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Containers with a network namespace of their own: the daemon listens inside it.

Run by `make e2e`. The containers are crun's; what needs many namespaces, or none yet, makes
them itself, as root inside a guarded cgroup."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import container  # noqa: E402
import world as w  # noqa: E402

W = None
CLIENT_ENV = ["GOOGLE_CLOUD_PROJECT=acme-prod"]
# In a network namespace of its own, whose loopback is up; says "there", and waits for a line.
NEW = """
import ctypes, errno, os, socket, subprocess, sys, time
def new(up=True):
    assert ctypes.CDLL(None).unshare(0x40000000) == 0
    if up: subprocess.check_call(["ip", "link", "set", "lo", "up"])
def dial(ip, port=443, timeout=10):
    s = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
    s.settimeout(timeout)
    try:
        s.connect((ip, port))
        return "connected"
    except TimeoutError: return "timeout"
    except OSError as e: return errno.errorcode[e.errno]
def say(*words): print(*words, flush=True)
def hear(): return sys.stdin.readline().strip()
"""


class Here:
    """A program in a guarded cgroup that makes namespaces: root, as an engine would be."""

    def __init__(self, code, cgroup="agents.slice"):
        self.p = subprocess.Popen(["/usr/bin/python3", "-c", NEW + code], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env=W.env(), preexec_fn=W.enter(cgroup))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.communicate()

    def hear(self):
        return self.p.stdout.readline().strip()

    def say(self, word=""):
        self.p.stdin.write(word + "\n")
        self.p.stdin.flush()


def status():
    return json.loads(W.ctl("status", "--json").stdout)["guard"]


def wait_networks(n, seconds=20):
    w.wait_for(f"{n} networks, has {status()['networks']}", lambda: status()["networks"] == n,
               seconds)


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def settings(old, new):
    path = W.path("sallyport.yaml")
    with open(path) as f:
        before = f.read()
    assert old in before
    try:
        with open(path, "w") as f:
            f.write(before.replace(old, new))
        W.stop("sallyportd")
        W.start_daemon()
        yield
    finally:
        with open(path, "w") as f:
            f.write(before)
        W.stop("sallyportd")
        W.start_daemon()


def curl(url, *options):
    return ["/usr/bin/curl", "-sS", "-m", "10", "--cacert", W.path("run", "ca.pem"), *options, url]


class Containers(unittest.TestCase):
    def setUp(self):
        wait_networks(0)

    def test_an_unchanged_client_queries_and_is_masked(self):
        node = os.path.realpath(shutil.which("node"))
        argv = [node, W.client("node/query.js"),
                "SELECT email FROM `acme-prod.crm.customers` ORDER BY id LIMIT 2"]
        env = [*CLIENT_ENV, "NODE_EXTRA_CA_CERTS=" + W.path("run", "ca.pem")]
        also = [os.path.realpath(W.client("node/node_modules"))]
        if not node.startswith("/usr/"):
            also.append(os.path.dirname(os.path.dirname(node)))
        p = container.run(W, argv, env=env, also=also)
        inside = json.loads(p.stdout)
        self.assertTrue(inside["ok"], p)
        self.assertEqual(len(inside["rows"]), 2)
        for row in inside["rows"]:
            self.assertRegex(row["email"], "^[0-9a-f]{64}$")  # hashed, as anywhere

    def test_both_families_and_a_mapped_address_are_answered(self):
        for address in (w.GOOGLE4, f"[{w.GOOGLE6}]", f"[::ffff:{w.GOOGLE4}]"):
            p = container.run(W, curl("https://bigquery.googleapis.com/bigquery/v2/projects/x",
                                      "--connect-to", f"::{address}:443"))
            self.assertIn("api.unknown-method", p.stdout, (address, p))

    def test_outside_the_guard_nobody_listens_in_it(self):
        code = "new(); say(dial('127.0.0.1', 844))"
        with Here(code, "outside") as h:
            self.assertEqual(h.hear(), "ECONNREFUSED")
        self.assertEqual(status()["networks"], 0)

    def test_the_namespace_goes_when_the_container_ends(self):
        # the host's end of a pair of devices goes with the namespace of the other end
        with container.Container(W, ["/usr/bin/sleep", "60"]) as c:
            pid = w.wait_for("the container", c.pid)
            W.run(["ip", "link", "add", "sp-veth", "type", "veth", "peer", "name", "sp-peer"])
            W.run(["ip", "link", "set", "sp-peer", "netns", str(pid)])
            p = W.run(["nsenter", "-t", str(pid), "-n", *curl("https://bigquery.googleapis.com/")],
                      check=False, preexec_fn=W.enter("agents.slice"))
            self.assertIn("error", p.stdout, p)
            wait_networks(1)
            self.assertIn("sp-veth", W.run(["ip", "link"]).stdout)
        w.wait_for("its end", lambda: "sp-veth" not in W.run(["ip", "link"]).stdout)
        wait_networks(0)

    def test_what_is_passed_through_elsewhere_is_refused_from_a_network_of_its_own(self):
        url = curl("https://example.com/", "-k", "-o", "/dev/null", "-w", "%{http_code}")
        with settings("egress:\n", "egress:\n  default: splice\n"):
            shared = W.agent(url)
            self.assertEqual((shared.returncode, shared.stdout[:1]), (0, "4"), shared)
            alone = container.run(W, url)
        self.assertEqual(alone.returncode, 35, alone)  # refused in the TLS handshake
        self.assertIn("access denied", alone.stderr)

    def test_a_namespace_is_served_on_after_restarts_of_worker_and_daemon(self):
        loop = ("i=0; while read line; do " + " ".join(curl(
            "https://bigquery.googleapis.com/", "-o", "/dev/null", "-w", "%{http_code}")) +
            "; echo; done")
        with Here("import os\nnew()\nos.execvp('sh', ['sh', '-c', " + repr(loop) + "])") as h:
            def ask():
                h.say()
                return h.hear()
            self.assertEqual(ask(), "403")
            for pid in W.pids("worker"):
                os.kill(pid, signal.SIGKILL)
            w.wait_for("new workers", lambda: len(W.pids("worker")) == W.workers)
            self.assertEqual(w.wait_for("an answer", lambda: ask() == "403"), True)
            W.stop("sallyportd")
            h.say()  # waits for the next daemon, but not longer than five seconds
            at = time.monotonic()
            W.start_daemon()
            is_late = time.monotonic() - at > 4
            self.assertIn(h.hear(), ["403", "000"] if is_late else ["403"])
            self.assertEqual(w.wait_for("an answer", lambda: ask() == "403"), True)


class Luck(unittest.TestCase):
    """The first connection from a namespace needs none."""

    def setUp(self):
        wait_networks(0)

    def test_a_first_connection_at_once_is_never_refused(self):
        code = f"""
for i in range(40):
    new()
    at = time.monotonic()
    say(dial("{w.GOOGLE4}"), round(time.monotonic() - at, 3))
"""
        with Here(code) as h:
            got = [h.hear().split() for _ in range(40)]
        self.assertEqual({r for r, _ in got}, {"connected"}, got)
        self.assertLess(sorted(float(s) for _, s in got)[20], 1, got)

    def test_it_waits_for_a_daemon_that_is_busy(self):
        code = f"new(); hear(); say(dial('{w.GOOGLE4}'))"
        before = status()["held"]
        with Here(code) as h:
            with stopped(W.children["sallyportd"].pid):
                h.say()
                time.sleep(1)
            self.assertEqual(h.hear(), "connected")
        self.assertGreater(status()["held"], before)

    def test_but_not_for_long(self):
        code = f"new(); hear(); at = time.monotonic()\n" \
               f"say(dial('{w.GOOGLE4}', timeout=20), int(time.monotonic() - at))"
        with Here(code) as h:
            with stopped(W.children["sallyportd"].pid):
                h.say()
                result, seconds = h.hear().split()
        self.assertEqual(result, "ECONNREFUSED")
        self.assertIn(int(seconds), range(4, 13))

    def test_loopback_that_is_down_is_refused_until_it_is_up(self):
        code = f"""
new(False); say(dial("{w.GOOGLE4}")); hear()
subprocess.check_call(["ip", "link", "set", "lo", "up"]); say(dial("{w.GOOGLE4}"))
"""
        with Here(code) as h:
            self.assertEqual(h.hear(), "ENETUNREACH")
            wait_networks(1)
            h.say()
            self.assertEqual(h.hear(), "connected")


class Tricks(unittest.TestCase):
    def setUp(self):
        wait_networks(0)

    def test_a_port_that_is_taken_first_cheats_only_its_owner(self):
        # root in the container listens on the daemon's port before anybody else can
        code = f"""
new(False)
mine = socket.socket(); mine.setsockopt(socket.SOL_SOCKET, 15, 1)
import ctypes.util
IP_FREEBIND = 15
mine.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
mine.bind(("127.0.0.1", 844)); mine.listen()
subprocess.check_call(["ip", "link", "set", "lo", "up"]); time.sleep(1)
a = socket.socket(); a.settimeout(5); a.connect(("{w.GOOGLE4}", 443))
b, peer = mine.accept()
a.sendall(b"hello"); say(b.recv(5).decode(), a.getsockname() == peer)
# what it gets it can forward to nobody: its own connections come back to it
c = socket.socket(); c.settimeout(5); c.connect(("{w.GOOGLE4}", 443))
d, peer = mine.accept(); say(c.getsockname() == peer)
"""
        with stopped(W.children["sallyportd"].pid):
            h = Here(code)
            time.sleep(0.7)
        with h:
            self.assertEqual(h.hear(), "hello True")
            self.assertEqual(h.hear(), "True")
        self.assertEqual(status()["networks"], 0)
        self.assertIn("listen.bind", W.log("sallyportd"))

    def test_nobody_joins_the_daemon_on_its_port(self):
        code = f"""
new(); say(dial("{w.GOOGLE4}"))
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"),
                     (socket.AF_INET6, "::1"), (socket.AF_INET6, "::")):
    s = socket.socket(family)
    for option in (socket.SO_REUSEADDR, 15): s.setsockopt(socket.SOL_SOCKET, option, 1)
    try: s.bind((host, 844)); s.listen(); say("listens")
    except OSError as e: say(errno.errorcode[e.errno])
"""
        with Here(code) as h:
            self.assertEqual(h.hear(), "connected")
            self.assertEqual([h.hear() for _ in range(4)], ["EADDRINUSE"] * 4)

    def test_a_direct_connection_to_the_port_is_nobodys(self):
        code = f"""
new(); say(dial("{w.GOOGLE4}"))
s = socket.socket(); s.settimeout(5); s.connect(("127.0.0.1", 844)); say(repr(s.recv(1)))
"""
        with Here(code) as h:
            self.assertEqual(h.hear(), "connected")
            self.assertEqual(h.hear(), "b''")  # closed: it has no origin

    def test_one_guard_has_no_more_than_its_share(self):
        code = f"""
import select
for i in range(66):
    r, x = os.pipe()
    if not os.fork():
        ctypes.CDLL(None).prctl(1, 9); new(); os.write(x, (dial("{w.GOOGLE4}") + " ").encode()); time.sleep(60); os._exit(0)
    os.close(x); say(os.read(r, 100).decode())
say("all"); hear()
"""
        with Here(code) as h:
            got = [h.hear() for _ in range(66)]
            self.assertEqual(got, ["connected"] * 64 + ["ECONNREFUSED"] * 2)
            self.assertEqual(status()["networks"], 64)
            # another guard is not hindered
            W.ctl("guard", "add", f"{W.attach}/outside/second", "ci-agents")
            os.makedirs(os.path.join(W.cgroup, "outside/second"), exist_ok=True)
            with Here(f"new(); say(dial('{w.GOOGLE4}'))", "outside/second") as other:
                self.assertEqual(other.hear(), "connected")
        wait_networks(0)
        W.ctl("guard", "remove", f"{W.attach}/outside/second")


if __name__ == "__main__":
    w.run_tests(globals())
