#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs inside a booted machine, as a service: what the boot test asks of Sallyport under a real systemd.

Every line for the reader begins with "boot| "; the last one counts."""
import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import time

KILLS = int(os.environ.get("KILLS", "200"))
SLOW = int(os.environ.get("SLOW", "1"))  # an emulated machine takes so many times longer
SUITES = os.environ.get("SUITES") == "yes"
ROLES = ("worker", "recorder", "verifier")
SERVICE, PINS = "dev.sallyport.Sallyport1", "/sys/fs/bpf/sallyport"
SLICE = "/sys/fs/cgroup/sallyport.slice"
TREE = "/opt/sallyport"  # of tests and what they need
counts = [0, 0]
QUERY = ["/usr/bin/node", TREE + "/tests/clients/node/query.js"]
AGENT_ENV = {"GOOGLE_CLOUD_PROJECT": "acme-prod", "HOME": "/tmp",
             "NODE_EXTRA_CA_CERTS": "/run/sallyport/ca.pem", "SLOW": SLOW}
if SLOW > 1:  # Google's client gives the metadata server three seconds
    QUERY = ["/usr/bin/python3", "/opt/boot/client.py", "--query"]


def say(text):
    # opened anew: a getty hangs the console up
    fd = os.open("/dev/console", os.O_WRONLY | os.O_NOCTTY)
    os.write(fd, f"boot| {text}\r\n".encode())
    os.close(fd)


def check(sentence, held, detail=""):
    counts[0 if held else 1] += 1
    say(f"{'ok    ' if held else 'FAILED'} {sentence}")
    if not held:
        for line in str(detail).strip().splitlines()[-12:]:
            say(f"       {line[:300]}")
    return held


def run(*argv, **kw):
    p = subprocess.run(argv, capture_output=True, text=True, timeout=SLOW * kw.pop("timeout", 60), **kw)
    return p.returncode, p.stdout + p.stderr


def wait_for(what, test, seconds=30):
    end = time.monotonic() + SLOW * seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(what)


def service(unit, argv, user="nobody", guarded=True, env=None):
    """A transient unit, as systemd starts workloads; its process, which waits for the unit's end."""
    options = ["--slice=agents.slice"] if guarded else []
    options += [f"--setenv={k}={v}" for k, v in (env or {}).items()]
    return subprocess.Popen(["systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--unit={unit}", f"--uid={user}",
                             *options, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            stdin=subprocess.DEVNULL)


serial = 0


def agent(*argv, **kw):
    global serial
    serial += 1
    p = service(f"agent-{serial}", argv, env=AGENT_ENV, **kw)
    out = p.communicate(timeout=SLOW * 120)[0]
    return p.returncode, out


def query(sql):
    out = agent(*QUERY, sql)[1]
    with contextlib.suppress(json.JSONDecodeError):
        return json.loads(out.strip().splitlines()[-1]) if out.strip() else {"ok": False, "error": {"message": ""}}
    return {"ok": False, "error": {"message": out}}


def message(answer):
    return (answer.get("error") or {}).get("message", "")


def arrivals():
    with open("/run/boot/trap") as f:
        return [line for line in f if line.startswith("arrived")]


def knock(**kw):
    """One connect to the trap by a unit of its own."""
    return agent("/usr/bin/curl", "-sS", "-k", "--max-time", str(3 * SLOW), "https://203.0.113.11/", **kw)


def processes():
    """Of the running daemon, by role; the warden's is ""."""
    found = {}
    for directory, _d, _f in os.walk(SLICE):
        with contextlib.suppress(OSError):
            with open(directory + "/cgroup.procs") as f:
                for pid in f.read().split():
                    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline") as g:
                        argv = g.read().split("\0")
                        if os.path.basename(argv[0]) == "sallyportd":
                            role = "".join(a[7:] for a in argv if a.startswith("--role="))
                            found.setdefault(role, []).append(int(pid))
    return found


def pids(role):
    return processes().get(role, [])


def is_working():
    return query("SELECT 1 AS one").get("ok")


def records_intact():
    return run("sallyctl", "audit", "verify", timeout=300)


def recorded_sql():
    """The text of every request that is in the store."""
    sessions = json.loads(run("sallyctl", "sessions", "list", "--json", timeout=300)[1] or "[]")
    rows = sessions.get("sessions", sessions) if isinstance(sessions, dict) else sessions
    text = []
    for row in rows:
        name = next(v for k, v in row.items() if k.lower() in ("session", "id"))
        text.append(run("sallyctl", "sessions", "replay", name, "--no-wait", timeout=300)[1])
    return "\n".join(text)


# ---- the parts ----

def starting():
    state = wait_for("the boot's end", lambda: (lambda s: s in ("running", "degraded", "starting") and s)(
        run("systemctl", "is-system-running")[1].strip()), 60)
    failed = run("systemctl", "--failed", "--plain", "--no-legend")[1]
    check(f"the machine is up ({os.uname().release}, systemd {run('systemctl', '--version')[1].split()[1]}, {state})",
          "sallyport" not in failed, failed)
    wait_for("sallyportd", lambda: run("systemctl", "is-active", "sallyportd")[1].strip() == "active", 60)
    wait_for("the stand-in", lambda: run("curl", "-sk", "https://203.0.113.10/")[0] == 0, 60)
    check("the unit says it is ready only when it is", is_working(),
          run("journalctl", "-u", "sallyportd", "-u", "google", "-n", "40", "--no-pager", "-g", "^(?!the kernel refused)")[1])
    check("the credential was opened from its seal",
          os.path.exists("/etc/sallyport/gateway.cred") and run("systemctl", "show", "-P", "LoadCredentialEncrypted",
                                                                "sallyportd")[1].strip() != "")
    with open("/run/boot/early") as f:
        tries = int(f.read())
    check(f"a workload that started before the daemon reached nothing in {tries} tries", not arrivals() and tries > 0,
          "".join(arrivals()[:3]))
    guard, daemon = (run("systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", u)[1]
                     for u in ("sallyport-guard", "early"))
    check("because the guard came before it", 0 < int(guard) < int(daemon), f"{guard} {daemon}")
    code, out = knock(guarded=False)
    check("the trap works: from outside the guard it is reached", len(arrivals()) == 1, f"{code} {out}")
    os.truncate("/run/boot/trap", 0)


def main_job():
    a = query("SELECT id, name, ssn, city FROM crm.customers ORDER BY id LIMIT 3")
    check("a unit in the slice reads masked rows with an unmodified client",
          a.get("ok") and {r["ssn"] for r in a["rows"]} == {"[redacted]"}, a)
    a = query("DROP TABLE crm.orders")
    check("and is told which rule denies it", "no-drops" in message(a), a)
    code, out = knock()
    check("what it connects to by address is the daemon", not arrivals(), f"{code} {out}")


def signing_in():
    """A person's ID token, which the verifier checks."""
    def exchange(key):
        token = run("node", TREE + "/sandbox/mint-oidc.js", "--key", key)[1].strip()
        return agent("/usr/bin/curl", "-sS", "--max-time", str(30 * SLOW), "--cacert", "/run/sallyport/ca.pem",
                     "https://sts.googleapis.com/v1/token",
                     "-d", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange",
                     "-d", "subject_token_type=urn:ietf:params:oauth:token-type:jwt", "--data-urlencode", f"subject_token={token}")[1]
    out = exchange("/etc/boot-pki/oidc-rs256.key")
    check("a person signs in", '"access_token"' in out, out)
    run("openssl", "genrsa", "-out", "/run/boot/other.key", "2048")
    out = exchange("/run/boot/other.key")
    check("but not by a token that another key has signed", '"access_token"' not in out and "error" in out, out)


def pending():
    """The object of the approval that waits, if one does."""
    out = run("busctl", "call", "--json=short", SERVICE, "/dev/sallyport/Sallyport1",
              "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[1]
    with contextlib.suppress(json.JSONDecodeError, KeyError, IndexError):
        for path, interfaces in json.loads(out)["data"][0].items():
            if interfaces.get(SERVICE + ".Approval", {}).get("State", {}).get("data") == "pending":
                return path
    return None


def approvals():
    sql = "UPDATE crm.orders SET status = 'refunded' WHERE id = {}"
    for who, number, may in (("bob", 1001, False), ("alice", 1001, True), ("root", 1002, True)):
        p = service(f"held-{who}", [*QUERY, sql.format(number)], env=AGENT_ENV)
        path = wait_for("an approval", pending)
        call = ["busctl", "call", SERVICE, path, SERVICE + ".Approval", "Approve", "s", "ticket 42"]
        code, out = run("runuser", "-u", who, "--", *call)
        if may:
            check(f"{who} approves over busctl", code == 0, out)
        else:
            check(f"{who}, who is not on call, may not", code != 0 and re.search("denied|authenti|not allowed", out, re.I), out)
            code, out = agent(*call, user="alice")
            check("nor may alice from inside the guard", code != 0, out)
            run(*call[:-3], "Deny", "s", "no")
        out = p.communicate(timeout=SLOW * 60)[0]
        check(f"and the waiting client {'has its answer' if may else 'is told'}", ('"ok":true' in out.replace(" ", "")) == may, out)


def slices():
    was = os.stat("/sys/fs/cgroup/agents.slice").st_ino
    run("systemctl", "stop", "agents.slice")
    gone = not os.path.exists("/sys/fs/cgroup/agents.slice")
    knock()
    run("systemctl", "start", "early")
    now = os.stat("/sys/fs/cgroup/agents.slice").st_ino
    check("a slice that was stopped and comes back under another id is guarded",
          gone and was != now and not arrivals(), f"{was} {now} {arrivals()}")


class Load:
    """Clients that work and an attacker that knocks, all inside the guard, until it ends."""

    def __init__(self, name, clients=2):
        self.files = [f"/run/boot/{name}-{i}" for i in range(clients)]
        self.seen = {f: [0, 0] for f in self.files}  # how far it was read, and the answers up to there
        first = random.randrange(10**6, 10**7) * 1000
        self.units = [service(f"{name}-{i}", ["/usr/bin/python3", "/opt/boot/client.py", f, str(first + i * 10**8)],
                              env={"SLOW": SLOW, "PERSON": self.person() if i else ""})
                      for i, f in enumerate(self.files)]
        self.attack = f"/run/boot/{name}-attack"
        self.attacker = f"{name}-attack"
        run("systemd-run", "--quiet", "--collect", "--slice=agents.slice", f"--unit={self.attacker}", "--uid=nobody",
            f"--setenv=SLOW={SLOW}", "/usr/bin/python3", "/opt/boot/attacker.py", self.attack)
        wait_for("load", lambda: self.answered() > 5)

    @staticmethod
    def person():
        """The first client is the workload alone, the others sign in as somebody."""
        with open("/opt/boot/person") as f:
            return f.read().strip()

    def answered(self):
        for path, seen in self.seen.items():
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as f:
                f.seek(seen[0])
                new = f.read()
                seen[0], seen[1] = seen[0] + len(new), seen[1] + new.count(b"\n")
        return sum(n for _, n in self.seen.values())

    @staticmethod
    def numbers(path):
        with contextlib.suppress(FileNotFoundError):
            with open(path) as f:
                return f.read().split()
        return []

    def failures(self):
        return [x for f in self.files for x in self.lines(f + ".err")]

    @staticmethod
    def lines(path):
        with contextlib.suppress(FileNotFoundError):
            with open(path) as f:
                return f.read().splitlines()
        return []

    def end(self):
        for f in self.files:
            open(f + ".stop", "w").close()
        outs = [u.communicate(timeout=SLOW * 120)[0] for u in self.units]
        with open(self.attack) as f:
            self.tries = int(f.read())
        run("systemctl", "stop", self.attacker)
        return [o for o in outs if o.strip()]


def restarts():
    load = Load("restart")
    n, before = max(3, 10 // SLOW), load.answered()
    for _ in range(n):
        at = load.answered()
        run("systemctl", "restart", "sallyportd")
        wait_for("work after a restart", lambda: load.answered() > at + 5)
    wrong, done = load.end(), load.answered() - before
    check(f"{n} restarts under load: {done} queries answered, {len(load.failures())} failed tries; an attacker's "
          f"{load.tries} reached nothing", not wrong and not arrivals(), f"{wrong} {arrivals()[:3]}")
    check("no exchange that was under way was cut, and no connection refused", not load.failures(),
          "\n".join(load.failures()))


def kills():
    load = Load("kill")
    killed = {role: [] for role in processes()}  # how long each time until the next answer
    started = time.monotonic()
    while min(map(len, killed.values())) < KILLS:
        time.sleep(SLOW * random.uniform(0, 0.1))
        role = random.choice([r for r in killed if len(killed[r]) < KILLS])
        targets = pids(role)
        if not targets:
            time.sleep(0.01)
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(targets), signal.SIGKILL)
            # it comes back to work first, or there would be nothing to interrupt
            at, when = load.answered(), time.monotonic()
            wait_for("work between two kills", lambda: load.answered() > at, 60)
            killed[role].append(time.monotonic() - when)
    took = time.monotonic() - started
    at = load.answered()
    wait_for("work after the last kill", lambda: load.answered() > at + 5, 60)
    wrong = load.end()
    check(f"{KILLS} kills of each role in {took:.0f} s: {load.answered()} queries answered, each with its own answer",
          not wrong and load.answered() > KILLS, wrong)
    say("       until the next answer, median and longest: " + ", ".join(
        f"{role or 'warden'} {statistics.median(t):.2f} s, {max(t):.1f} s" for role, t in sorted(killed.items())))
    check(f"of an attacker's {load.tries} tries none reached anything", not arrivals() and load.tries > 100, arrivals()[:3])
    code, out = records_intact()
    check(f"the chain is intact: {out.strip()[:120]}", code == 0 and "intact" in out, out)
    text = recorded_sql()
    seen = set(re.findall(r"SELECT (\d+) AS n", text))
    lost = [n for f in load.files for n in load.numbers(f) if n not in seen]
    check(f"every query that was answered is among the {len(seen)} in the records", not lost,
          f"{len(lost)} lost: {lost[:5]}; {text[:300]}")


def hanging():
    for role, name in (("worker", "workers"), ("recorder", "recorder"), ("", "warden")):
        stopped = pids(role)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        code, out = knock()
        check(f"while the {name} hang{'' if role == 'worker' else 's'}, guarded connections fail", code != 0 and not arrivals(), out)
        back = wait_for("a working daemon", lambda: is_working(), 90)
        check(f"and it is ended and started again by itself", back and set(stopped) != set(pids(role)) or not role)
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def upgrade():
    """A new daemon adopts the pins and replaces the programs behind them."""
    def programs():
        return sorted(os.listdir(PINS + "/v4/links")) if os.path.isdir(PINS + "/v4/links") else sorted(os.listdir(PINS + "/v4"))
    load, before = Load("upgrade"), programs()
    run("cp", "/usr/sbin/sallyportd", "/usr/sbin/sallyportd.new")
    os.rename("/usr/sbin/sallyportd.new", "/usr/sbin/sallyportd")
    run("systemctl", "restart", "sallyportd")
    at = load.answered()
    wait_for("work after the upgrade", lambda: load.answered() > at + 5)
    load.end()
    check("an upgrade in place keeps the same pins, and lets nothing through", programs() == before and not arrivals())


def role_units(role):
    return [u.split()[0] for u in
            run("systemctl", "list-units", "--plain", "--no-legend", "--all", f"sallyport-{role}@*")[1].splitlines()]


def strays():
    """What is left of workers and recorders: units, in whatever state, sockets and processes."""
    left = [u for role in ROLES for u in role_units(role)]
    left += os.listdir("/run/sallyport/roles")
    return left + run("pgrep", "-af", "--", "--role=")[1].splitlines()


def in_force(pid, has_network):
    """What is not as the unit says, of one running process."""
    with open(f"/proc/{pid}/status") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    with open(f"/proc/{pid}/mountinfo") as f:
        mounts = [line.split() for line in f]
    with open(f"/proc/{pid}/limits") as f:
        core = next(line.split()[4:6] for line in f if line.startswith("Max core"))
    with open(f"/proc/{pid}/environ") as f:
        environment = f.read()
    with open(f"/proc/{pid}/cgroup") as f:
        group = f.read()

    def own(kind):
        return os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/1/ns/{kind}")
    sentences = {
        "user": set(status["Uid"].split()) not in ({"0"}, {"65534"}),
        "no capability now or later": all(int(status[k], 16) == 0 for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")),
        "no new privileges": status["NoNewPrivs"] == "1",
        "the unit's filter and its own": int(status.get("Seccomp_filters", "2")) >= 2,
        "users of its own": own("user"),
        "mounts of its own": own("mnt"),
        "IPC of its own": own("ipc"),
        "host's name of its own": own("uts"),
        "a network of its own, or not": own("net") == (not has_network),
        "the root is read-only": "ro" in next(m[5] for m in mounts if m[4] == "/").split(","),
        "/proc shows itself alone": any(m[4] == "/proc" and re.search("hidepid=(invisible|2).*subset=pid", m[-1])
                                        for m in mounts),
        "no core file": core == ["0", "0"],
        "no credential's directory": "CREDENTIALS" not in environment,
        "a cgroup of its own": re.search(r"/sallyport\.slice/sallyport-\w+@[^/]*\.service$", group.strip()),
    }
    return [text for text, held in sentences.items() if not held]


def exposure():
    for unit in ("sallyportd", "sallyport-guard"):
        out = run("systemd-analyze", "security", "--no-pager", unit)[1]
        say(f"       {out.strip().splitlines()[-1]}")
    wait_for("a worker that waits", lambda: is_working())
    for role in filter(pids, ROLES):
        out = run("systemd-analyze", "security", "--no-pager", role_units(role)[0])[1]
        found = re.search(r"level for \S+: ([\d.]+)", out)
        check(f"systemd-analyze security: the {role} is exposed {found and found.group(1)}, which is 2.0 or less",
              found and float(found.group(1)) <= 2.0, out)
        missing = {pid: in_force(pid, role != "recorder") for pid in pids(role)}
        check(f"and what the {role}'s unit says is in force", missing and not any(missing.values()), missing)


def changed():
    """A unit that gives a role more than it should have gives it nothing to work with; one that gives it less does."""
    path = "/run/systemd/system/sallyport-worker@.service.d/changed.conf"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    for line, word in (("CapabilityBoundingSet=CAP_NET_RAW", "CapabilityBoundingSet="), ("User=nobody", "User="),
                       ("Slice=system.slice", "Slice=")):
        with open(path, "w") as f:
            f.write(f"[Service]\n{line}\n")
        run("systemctl", "daemon-reload")
        since = str(int(time.time()))
        for pid in pids("worker"):
            os.kill(pid, signal.SIGKILL)
        log = ("journalctl", "-u", "sallyportd", "--since", f"@{since}", "--no-pager", "-g", "a role that was started")
        said = wait_for("a refusal", lambda: (lambda out: word in out and out)(run(*log)[1]))
        code, out = knock()
        check(f"a worker's unit with {line} is refused", said and code != 0 and not arrivals(), f"{said} {out}")
    for lines, works in (("IPAddressDeny=any", False), ("IPAddressDeny=any\nIPAddressAllow=203.0.113.10", True)):
        with open(path, "w") as f:
            f.write(f"[Service]\n{lines}\n")
        run("systemctl", "daemon-reload")
        old = pids("worker")
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait_for("new workers", lambda: len(set(pids("worker")) - set(old)) == 2)
        if works:
            check("a worker that may reach upstream's address alone works", wait_for("work", is_working, 30))
        else:
            time.sleep(1)
            check("one that may reach none does not, so that this is in force", not is_working())
    os.unlink(path)
    run("systemctl", "daemon-reload")
    check("and as it was shipped it works again", wait_for("work", is_working, 30))


def stopping():
    """Nothing stays behind, whoever hangs when the warden goes."""
    old, at = [pid for role in ROLES for pid in pids(role)], time.monotonic()
    os.kill(pids("")[0], signal.SIGKILL)
    wait_for("the end of all roles", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in old), 10)
    took = time.monotonic() - at
    check(f"{took * 1000:.0f} ms after the warden was killed no process of it is left", len(old) >= 3 and took < 2 * SLOW)
    wait_for("work", is_working, 60)
    for role in ("recorder", "worker"):
        hung = pids(role)
        for pid in hung:
            os.kill(pid, signal.SIGSTOP)
        os.kill(pids("")[0], signal.SIGKILL)
        back = wait_for("work", is_working, 60)
        check(f"a {role} that hangs while the warden is killed is ended, and another takes its place",
              back and not any(os.path.exists(f"/proc/{pid}") for pid in hung) and not set(hung) & set(pids(role)))
    failed = run("systemctl", "--failed", "--plain", "--no-legend")[1]
    check("no unit of a role is left as failed after all that was killed", "sallyport" not in failed, failed)
    check("and there is one of each process", (len(role_units("worker")), len(role_units("recorder"))) == (2, 1),
          strays())
    run("systemctl", "stop", "sallyportd")
    with contextlib.suppress(TimeoutError):
        wait_for("nothing", lambda: not strays(), 5)
    check("when the service stops, its workers, its recorder and their sockets are gone", not strays(), strays())
    run("systemctl", "start", "sallyportd")
    check("and it starts again", wait_for("work", is_working, 60))


def uninstalling():
    run("systemctl", "stop", "sallyportd")
    code, out = knock()
    check("with the service stopped, guarded processes are refused", code != 0 and not arrivals() and not strays(), f"{out} {strays()}")
    code, out = run("/usr/sbin/sallyportd", "--uninstall-guard")
    left = [p for p, _d, files in os.walk(PINS) for _ in files]
    check("uninstalling leaves no pin behind", code == 0 and not left, f"{out} {left}")
    knock()
    check("and sets them free", len(arrivals()) > 0)


def suite(name, *argv):
    """Another suite of this tree on this kernel, in a world of its own: what it says of itself, and its last words."""
    run("systemctl", "stop", "sallyportd", "early", "google", "trap")
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         env=dict(os.environ, BUILD=TREE + "/build/takeover", SLOW=str(SLOW)))
    lines = [""]
    for line in map(str.strip, p.stdout):
        lines.append(line)
        if re.match("FAIL|guardd: here|not available|not stopped|stated as open|[0-9]+ ways|test_.* [.]{3} ", line):
            for at in range(0, len(line), 300):
                say("       " + line[at:at + 300])
    check(f"{name}: {lines[-1]}", p.wait() == 0, "\n".join(lines))


def escape():
    if SUITES:
        # Debian loads few families of sockets by themselves; what cannot be made shows nothing
        for module in "sctp dccp_ipv4 dccp_ipv6 smc l2tp_ip l2tp_ip6 tipc rds_tcp mctp qrtr ipip ip_gre wireguard".split():
            run("modprobe", "-q", module)
        suite("make escape", TREE + "/tests/escape/run", TREE + "/build")


def takeover():
    if SUITES:
        suite("make takeover", TREE + "/tests/takeover/test_takeover.py")


PARTS = (starting, main_job, signing_in, approvals, slices, restarts, exposure, hanging, upgrade, changed, kills, stopping, uninstalling,
         escape, takeover)


def main():
    wanted = os.environ.get("PARTS", "").split(",")
    # half an hour on an emulated machine: only when it is asked for
    for part in [p for p in PARTS if p.__name__ in wanted] or PARTS[:-1]:
        try:
            part()
        except Exception as e:  # a part that breaks is a failure, and the others still run
            check(f"{part.__name__}: {type(e).__name__} {e}", False,
                  run("journalctl", "-u", "sallyportd", "-n", "12", "--no-pager")[1])
    say(f"total: {counts[0]} passed {counts[1]} failed")


if __name__ == "__main__":
    main()
