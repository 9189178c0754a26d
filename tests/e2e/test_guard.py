#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an operator sees and does about the guard: events, units, checks.

Run by `make e2e`."""
import contextlib
import errno
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
# A way round: a datagram to where a guarded process may not go. Nobody is there.
KNOCK = "import socket\nfor i in range({n}):\n try: socket.socket(socket.AF_INET, " \
        "socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.{host}', 443))\n except OSError: pass\n"


def knock(n=1, host=1):
    return W.agent(["/usr/bin/python3", "-c", KNOCK.format(n=n, host=host)])


def events(*options):
    out = W.ctl("guard", "events", "--json", "--store", W.store(), *options).stdout
    return json.loads(out)["events"]


def udp_to(host):
    return [e for e in events() if e["what"] == "refused-udp" and f"192.0.2.{host} " in e["to"]]


class Events(unittest.TestCase):
    def test_a_refused_attempt_is_recorded_with_who_and_where(self):
        knock(host=11)
        e = w.wait_for("the record", lambda: udp_to(11))[0]
        self.assertEqual((e["workload"], e["to"], e["count"]),
                         ("ci-agents", "udp 192.0.2.11 443", "1"))
        self.assertIn("python", e["exe"])
        self.assertTrue(e["unit"], e)
        self.assertEqual(int(e["uid"]), int(W.run(["id", "-u", "nobody"]).stdout))
        self.assertGreater(int(e["pid"]), 0)

    def test_a_flood_is_counted_in_few_records(self):
        knock(n=500, host=12)
        w.wait_for("all of it", lambda: sum(int(e["count"]) for e in udp_to(12)) == 500)
        self.assertLess(len(udp_to(12)), 5)

    def test_only_the_asked_workload_is_shown(self):
        knock(host=13)
        w.wait_for("the record", lambda: udp_to(13))
        self.assertTrue(events("--workload", "ci-agents"))
        self.assertEqual(events("--workload", "other"), [])

    def test_an_attempt_is_seen_live_and_is_a_signal_and_a_metric(self):
        follow = subprocess.Popen(
            [os.path.join(W.build, "sallyctl"), "guard", "events", "--follow", "--json"],
            stdout=subprocess.PIPE, text=True, env=W.env(), preexec_fn=W.enter("outside"))
        try:
            time.sleep(1)
            knock(host=14)
            os.set_blocking(follow.stdout.fileno(), False)
            seen = []

            def heard():
                line = follow.stdout.readline()
                if line:
                    seen.append(json.loads(line))
                return any(e.get("dst") == "192.0.2.14" for e in seen)
            w.wait_for("the signal", heard)
        finally:
            follow.send_signal(signal.SIGKILL)
            follow.wait()
            follow.stdout.close()
        e = [e for e in seen if e.get("dst") == "192.0.2.14"][0]
        self.assertEqual((e["type"], e["event"], e["what"], e["workload"]),
                         ("guard", "refused", "refused-udp", "ci-agents"))
        metrics = W.ctl("metrics").stdout
        line = [m for m in metrics.splitlines() if m.startswith("sallyport_guard_refused_total{")
                and 'what="refused-udp"' in m and 'workload="ci-agents"' in m]
        self.assertEqual(len(line), 1, metrics)
        self.assertGreater(int(line[0].split()[-1]), 0)

    def test_starting_a_command_is_no_event(self):
        knock(host=15)
        unit = w.wait_for("the record", lambda: udp_to(15))[0]["unit"]  # of this command alone
        time.sleep(0.5)
        self.assertEqual([e for e in events() if e["unit"] == unit and "sallyctl" in (e["exe"] or "")], [])

    def test_nothing_that_is_allowed_is_an_event(self):
        a = W.query("SELECT 1 AS one")
        self.assertTrue(a["ok"], a)
        time.sleep(0.5)
        # but for its question to a resolver, which this world has none of
        self.assertEqual([e for e in events() if "node" in (e["exe"] or "") and
                          not (e["to"] or "").endswith(" 53")], [])


class Check(unittest.TestCase):
    def check(self, *argv):
        p = W.ctl("guard", "check", *argv, "--json", check=False,
                  preexec_fn=W.enter("outside"))
        return p, json.loads(p.stdout)["ways"] if p.stdout else []

    def results(self, ways, outside="gets out"):
        return {x["way"]: x["result"] for x in ways if x["outside"] == outside}

    def test_every_way_out_of_a_running_workload_is_closed(self):
        agent = W.agent_start(["sleep", "60"])
        try:
            pid = w.wait_for("the agent", lambda: w.children_of(agent.pid))[0]
            p, ways = self.check("--pid", str(pid))
        finally:
            agent.send_signal(signal.SIGTERM)
            agent.wait()
            agent.stdout.close()
            agent.stderr.close()
        tried = self.results(ways)
        self.assertGreater(len(tried), 15, p)  # outside they lead out: the probes work
        self.assertEqual(set(tried.values()), {"closed"}, tried)
        self.assertEqual(p.returncode, 0, p)
        # nobody has no right to these, guard or not
        self.assertIn("raw IP", self.results(ways, "EPERM"))
        self.assertIn("packet socket", self.results(ways, "EPERM"))

    def test_a_workload_is_found_by_its_name_and_nothing_is_left_behind(self):
        before = sorted(os.listdir(os.path.join(W.cgroup, "agents.slice")))
        p, ways = self.check("--workload", "ci-agents")
        self.assertEqual(p.returncode, 0, p)
        self.assertEqual(set(self.results(ways).values()), {"closed"})
        self.assertEqual(sorted(os.listdir(os.path.join(W.cgroup, "agents.slice"))), before)

    def test_an_open_way_is_found(self):
        W.stop("sallyportd")
        settings = W.path("sallyport.yaml")
        with open(settings) as f:
            good = f.read()
        try:
            with open(settings, "w") as f:
                f.write(good.replace("open: [", 'open: ["udp 192.0.2.0/24 51820", '))
            W.start_daemon()
            p, ways = self.check("--workload", "ci-agents")
        finally:
            W.stop("sallyportd")
            with open(settings, "w") as f:
                f.write(good)
            W.start_daemon()
        self.assertEqual(p.returncode, 1, p)
        self.assertEqual([x["way"] for x in ways if x["result"] == "OPEN"],
                         ["UDP 51820 (a tunnel)"])

    def test_what_is_not_guarded_is_not_called_closed(self):
        for argv, error in ((["--pid", str(os.getpid())], "cli.check-unguarded"),
                            (["--workload", "nobody-has-it"], "cli.check-unguarded"),
                            (["--pid", "4194304"], "cli.check")):
            p, ways = self.check(*argv)
            self.assertEqual((p.returncode, ways), (1, []), argv)
            self.assertIn(error, p.stderr)


ID = "0123456789abcdef" * 4
POD = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1234_56.slice"
# As docs/guard.md names them: pattern, a directory that it must find, one that it must not.
ENGINES = (
    ("system.slice/docker-*.scope", f"system.slice/docker-{ID}.scope", "system.slice/docker.service"),
    ("docker/*", f"docker/{ID}", "docker"),
    ("machine.slice/libpod-*.scope", f"machine.slice/libpod-{ID}.scope",
     f"machine.slice/libpod-conmon-{ID}.service"),
    ("system.slice/nerdctl-*.scope", f"system.slice/nerdctl-{ID}.scope", "system.slice/nerdctl"),
    ("kubepods.slice/kubepods-*.slice/*/cri-containerd-*.scope",
     f"{POD}/cri-containerd-{ID}.scope", "kubepods.slice/kubepods-burstable.slice"),
    ("system.slice/system-runner.slice/runner@*.service",
     "system.slice/system-runner.slice/runner@7.service",
     "system.slice/system-runner.slice/other@7.service"),
    ("system.slice/runner-*.service", "system.slice/runner-a.service", "system.slice/runner.service"),
    ("agents2.slice/job-*.scope", "agents2.slice/job-1.scope", "agents2.slice/other-1.scope"),
)


class Tags(unittest.TestCase):
    def sends(self, cgroup):
        """Whether a process born there may send QUIC; a number of errno, or 0."""
        code = "import socket, sys\ntry: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)" \
               f".sendto(b'x', ('{w.GOOGLE4}', 443))\nexcept OSError as e: sys.exit(e.errno)"
        return W.run(["/usr/bin/python3", "-c", code], check=False,
                     preexec_fn=W.enter(cgroup)).returncode

    def tagged(self):
        guards = json.loads(W.ctl("guard", "list", "--json").stdout)
        return {g["cgroup"].removeprefix(f"/{W.attach}/") for g in next(iter(guards.values()))
                if g["id"]}

    def make(self, *paths):
        for path in paths:
            os.makedirs(os.path.join(W.cgroup, path), exist_ok=True)

    def test_the_patterns_of_the_engines_find_theirs_and_no_others(self):
        for n, (pattern, inside, outside) in enumerate(ENGINES):
            with self.subTest(pattern):
                if n % 2:  # there before the tag, or after
                    self.make(inside, outside)
                W.ctl("guard", "add", f"{W.attach}/{pattern}", "ci-agents")
                self.make(inside, outside)
                try:
                    found = self.tagged()
                    self.assertIn(inside, found)
                    self.assertNotIn(outside, found)
                    self.assertEqual(self.sends(inside), errno.EPERM)
                    self.assertEqual(self.sends(outside), 0)
                    # podman and nested runtimes make directories below the scope
                    self.make(inside + "/container")
                    self.assertEqual(self.sends(inside + "/container"), errno.EPERM)
                finally:
                    W.ctl("guard", "remove", f"{W.attach}/{pattern}")
                self.assertEqual(self.sends(inside), 0)

    def test_a_slice_that_comes_back_is_guarded_with_its_first_process(self):
        W.ctl("guard", "add", f"{W.attach}/back.slice", "ci-agents")
        try:
            ids = set()
            for _ in range(20):
                self.make("back.slice/job.service")
                ids.add(os.stat(os.path.join(W.cgroup, "back.slice")).st_ino)
                self.assertEqual(self.sends("back.slice/job.service"), errno.EPERM)
                for name in ("back.slice/job.service", "back.slice"):
                    w.wait_for("the end of its process", lambda n=name: self.remove(n))
            self.assertEqual(len(ids), 20)
        finally:
            W.ctl("guard", "remove", f"{W.attach}/back.slice")

    def remove(self, path):
        try:
            os.rmdir(os.path.join(W.cgroup, path))
        except OSError:
            return False
        return True

    def test_tags_hold_for_units_that_start_while_the_daemon_is_away(self):
        W.ctl("guard", "add", f"{W.attach}/away.slice/*.service", "ci-agents")
        try:
            W.stop("sallyportd")
            self.make("away.slice/late.service")
            self.assertEqual(self.sends("away.slice/late.service"), errno.EPERM)
            W.start_daemon()
            self.assertIn("away.slice/late.service", self.tagged())
            self.assertEqual(self.sends("away.slice/late.service"), errno.EPERM)
        finally:
            W.ctl("guard", "remove", f"{W.attach}/away.slice/*.service")


class Unit(unittest.TestCase):
    def unit(self, *argv, check=True):
        return W.ctl("guard", "unit", *argv, check=check)

    def test_the_drop_in_is_one_that_systemd_reads(self):
        root = W.path("units")
        os.makedirs(os.path.join(root, "etc/systemd/system"))
        for name, text in (("runner.service", "[Service]\nExecStart=/bin/true\n"),
                           ("agents.slice", "[Slice]\n"),
                           ("sallyport-guard.service", "[Service]\nExecStart=/bin/true\n")):
            with open(os.path.join(root, "etc/systemd/system", name), "w") as f:
                f.write(text)
        self.assertIn("wrote", self.unit("runner", "--root", root).stdout)
        self.unit("agents.slice", "--root", root)
        p = W.run(["systemd-analyze", "--root", root, "--man=no", "--generators=no", "cat-config",
                   "systemd/system/runner.service.d/50-sallyport.conf"], check=False)
        p = W.run(["systemd-analyze", "verify", "--man=no", "--generators=no",
                   *[os.path.join(root, "etc/systemd/system", n)
                     for n in ("runner.service", "agents.slice")]], check=False,
                  env=W.env(SYSTEMD_UNIT_PATH=os.path.join(root, "etc/systemd/system") + ":"))
        complaints = [x for x in p.stderr.splitlines() if "50-sallyport" in x]
        self.assertEqual(complaints, [], p.stderr)
        security = W.run(["systemd-analyze", "security", "--offline=yes", "--root", root,
                          "runner.service"], check=False).stdout
        self.assertIn("NoNewPrivileges=", security)
        for line in security.splitlines():
            for setting in ("NoNewPrivileges", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_BPF",
                            "RestrictNamespaces=~user", "ProtectControlGroups",
                            "RestrictAddressFamilies=~AF_PACKET"):
                if setting in line:
                    self.assertNotIn("✗", line)

    def test_each_line_says_why_and_what_the_guard_needs_is_there(self):
        text = self.unit("runner@.service", "--slice", "ci.slice", "--print").stdout
        for line in ("Requires=sallyport-guard.service", "After=sallyport-guard.service",
                     "Slice=ci.slice", "NoNewPrivileges=yes",
                     "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictNamespaces=yes",
                     "ProtectControlGroups=yes",
                     "Environment=NODE_EXTRA_CA_CERTS=/run/sallyport/ca.pem",
                     "Environment=SSL_CERT_FILE=/run/sallyport/ca-bundle.pem"):
            self.assertIn(line + "\n", text)
        for cap in ("CAP_NET_RAW", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_BPF"):
            self.assertIn(cap, text.split("CapabilityBoundingSet=~")[1].split("\n")[0])

    def test_another_file_of_that_name_stays(self):
        root = W.path("units2")
        where = os.path.join(root, "etc/systemd/system/a.service.d")
        os.makedirs(where)
        with open(os.path.join(where, "50-sallyport.conf"), "w") as f:
            f.write("[Service]\n")
        p = self.unit("a", "--root", root, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("cli.unit", p.stderr)
        os.unlink(os.path.join(where, "50-sallyport.conf"))
        self.unit("a", "--root", root)
        self.unit("a", "--root", root)  # our own is replaced

    def test_names_that_are_none_are_refused(self):
        for argv in (["../x"], ["x.scope"], ["a b"], ["x", "--slice", "x.service"],
                     ["x", "--slice", "sallyport.slice"], ["x", "--ca-dir", "a"], []):
            self.assertEqual(self.unit(*argv, "--print", check=False).returncode, 2, argv)


class Run(unittest.TestCase):
    FAMILIES = ("import socket\n"
                "def f(n):\n try: socket.socket(n, socket.SOCK_DGRAM).close(); return 'ok'\n"
                " except OSError as e: return e.errno\n"
                "print([f(n) for n in (1, 2, 10, 16, 17, 38, 40, 44)])")

    def test_a_command_makes_no_namespaces_unless_that_is_said(self):
        for what in ("--user", "--net", "--mount", "--pid"):
            p = W.agent(["unshare", what, "true"], user="root")
            self.assertNotEqual(p.returncode, 0, what)
            self.assertIn("Operation not permitted", p.stderr)
        argv = W.agent_argv(["unshare", "--uts", "true"], user="root")
        argv.insert(argv.index("--"), "--allow-namespaces")
        p = W.run(argv, check=False, env=W.agent_env(), preexec_fn=W.enter("outside"))
        self.assertEqual(p.returncode, 0, p.stderr)

    def test_a_command_makes_sockets_of_four_families(self):
        p = W.agent(["/usr/bin/python3", "-c", self.FAMILIES], user="root")
        no = errno.EAFNOSUPPORT
        self.assertEqual(json.loads(p.stdout.replace("'", '"')),
                         ["ok", "ok", "ok", "ok", no, no, no, no])

    def test_a_command_makes_no_ring_which_would_make_sockets_of_any_family(self):
        p = W.agent(["/usr/bin/python3", "-c",
                     "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\n"
                     "print(c.syscall(425, 4, None), ctypes.get_errno())"], user="root")  # io_uring_setup
        self.assertEqual(p.stdout.split(), ["-1", str(errno.EPERM)])  # EFAULT if it were let through

    def test_a_set_uid_program_gains_nothing(self):
        p = W.agent(["sh", "-c", "cp /usr/bin/id $HOME/id; grep NoNewPrivs /proc/self/status"])
        self.assertIn("1", p.stdout)
        path = W.path("home", "id")
        os.chown(path, 0, 0)
        os.chmod(path, 0o4755)
        self.assertNotIn("euid=0", W.agent([path]).stdout)
        # the file would do it: the world's directory is not mounted nosuid
        p = W.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", path])
        self.assertIn("euid=0", p.stdout)


class Doctor(unittest.TestCase):
    """Runtimes of this machine, each with a handshake of its own."""
    HERE = [name for name, program in (
        ("OpenSSL; Go; Rust with the system's store", "sh"), ("curl", "curl"), ("Node", "node"),
        ("Python, ssl", "python3"), ("Java", "java"), ("gcloud, bq", "bq"))
        if shutil.which(program, path="/usr/bin:/bin")]

    def doctor(self, *options, env=None):
        """Asks about a process in the guard, with the environment of W and `env`."""
        nobody = pwd.getpwnam("nobody")

        def born():
            W.enter("agents.slice")()
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
        agent = subprocess.Popen(["sleep", "300"], env=W.env(**(env or {})), preexec_fn=born)
        try:
            p = W.ctl("doctor", "--pid", str(agent.pid), "--json", *options, check=False,
                      timeout=240, preexec_fn=W.enter("outside"))
        finally:
            agent.kill()
            agent.wait()
        self.assertTrue(p.stdout, p.stderr)
        return p, {x["runtime"]: x["result"] for x in json.loads(p.stdout)["runtimes"]}

    def test_who_does_not_trust_is_told_what_to_set_and_fix_does_it(self):
        p, found = self.doctor()
        self.assertEqual(p.returncode, 1, found)
        self.assertEqual({found[name] for name in self.HERE}, {"DOES NOT TRUST"}, found)
        self.assertIn("NODE_EXTRA_CA_CERTS", p.stdout)
        with self.own_directories():
            p, found = self.doctor("--fix")
            self.assertEqual({found[name] for name in self.HERE}, {"trusts"}, (found, p.stderr))
            self.assertEqual(set(found.values()) - {"trusts", "not here"}, set(), found)
            self.assertEqual(p.returncode, 0, p)
            with open("/etc/environment.d/50-sallyport.conf") as f:
                variables = f.read()
            # what is in the system's stores needs no variable
            p, found = self.doctor()
            for name in ("curl", "Python, ssl", "Java", self.HERE[0]):
                if name in self.HERE:
                    self.assertEqual(found[name], "trusts", found)
            env = dict(line.split("=", 1) for line in variables.splitlines() if line[0] != "#")
            p, found = self.doctor(env=env)
            self.assertEqual(p.returncode, 0, found)
        p, found = self.doctor()
        self.assertEqual(p.returncode, 1, found)

    @contextlib.contextmanager
    def own_directories(self):
        """Copies of what --fix changes, mounted over it in this world only."""
        mounted = []
        try:
            for path in ("/etc/ssl", "/usr/local/share/ca-certificates", "/etc/environment.d"):
                made = not os.path.isdir(path)
                if made:
                    os.makedirs(path)
                mounted.append((path, made))
                copy = W.path("copy" + path.replace("/", "-"))
                W.run(["cp", "-a", path, copy])
                W.run(["mount", "--bind", copy, path])
            yield
        finally:
            for path, made in reversed(mounted):
                W.run(["umount", path], check=False)
                if made:
                    os.rmdir(path)

    def test_a_process_of_sallyctl_run_has_what_variables_can_give(self):
        agent = W.agent_start(["sleep", "300"])
        try:
            pid = w.wait_for("the agent", lambda: w.children_of(agent.pid))[0]

            def is_running():
                with open(f"/proc/{pid}/comm") as f:
                    return "sleep" in f.read()
            w.wait_for("its command", is_running)
            p = W.ctl("doctor", "--pid", str(pid), "--json", check=False, timeout=240,
                      preexec_fn=W.enter("outside"))
        finally:
            agent.send_signal(signal.SIGTERM)
            agent.wait()
            agent.stdout.close()
            agent.stderr.close()
        found = {x["runtime"]: x["result"] for x in json.loads(p.stdout)["runtimes"]}
        for name in self.HERE:
            self.assertEqual(found[name], "DOES NOT TRUST" if name == "Java" else "trusts", found)


if __name__ == "__main__":
    w.run_tests(globals())
