# SPDX-License-Identifier: Apache-2.0
"""
world - a small world for the demo and the end-to-end tests.

In network, mount and process namespaces of its own: a "Google" on 203.0.113.10 and
2001:db8::10 (the stand-in), a system bus, a cgroup subtree that holds daemon and
workloads, and Sallyport attached to that subtree. Nothing outside is touched, and all of
it ends with the process. Needs root.

    with World(build) as w:
        w.start()
        w.agent(["node", ...])          # inside the guard, as nobody
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOOGLE4, GOOGLE6 = "203.0.113.10", "2001:db8::10"
HOSTS = ["bigquery.googleapis.com", "oauth2.googleapis.com", "www.googleapis.com",
         "sts.googleapis.com", "iamcredentials.googleapis.com", "accounts.google.com",
         "storage.googleapis.com"]
ISSUER = "https://idp.example.test"
DISCOVERED = "https://accounts.google.com"  # its keys are found by URL
SLOW = int(os.environ.get("SLOW", "1"))  # an emulated machine takes so many times longer


def enter_namespaces():
    """Runs this program again inside its own namespaces; returns only in there."""
    if "SALLYPORT_WORLD" in os.environ:
        return
    if os.geteuid() != 0:
        sys.exit("this needs root: BPF programs, cgroups and namespaces are real here")
    name = f"sallyport-world-{os.getpid()}-{os.urandom(3).hex()}"
    env = dict(os.environ, SALLYPORT_WORLD=name)
    child = subprocess.Popen(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
                              "--mount-proc", sys.executable, *sys.argv], env=env)

    def forward(number, _frame):
        # pid 1 of the namespace is the shell's child: tell it to end in order
        for pid in children_of(child.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    signal.signal(signal.SIGINT, forward)
    signal.signal(signal.SIGTERM, forward)
    status = child.wait()
    sweep_cgroups(name)
    sys.exit(status if status >= 0 else 128 - status)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(p) for p in f.read().split()]


def cgroup_root():
    with open("/proc/self/mountinfo") as f:
        for line in f:
            left, right = line.split(" - ")
            if right.split()[0] == "cgroup2":
                return left.split()[4]
    sys.exit("no cgroup v2 is mounted")


def sweep_cgroups(name):
    """What a killed run left: its cgroups, which have no processes any more."""
    for path, _dirs, _files in os.walk(os.path.join(cgroup_root(), name), topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(path)


def wait_for(what, check, seconds=20):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(what)


class World:
    def __init__(self, build, keep=False, policy=None, settings="", workers=2):
        self.build = os.path.abspath(build)
        self.keep = keep
        self.policy = policy or os.path.join(TOP, "sandbox", "demo-policy")
        self.extra_settings = settings
        self.workers = workers
        self.children = {}
        self.logs = {}

    # ---- making and ending ----

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="sallyport-world-", dir="/run")
        os.chmod(self.dir, 0o755)
        try:
            self._make_network()
            self._make_cgroups()
            self._make_files()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in list(self.children):
            self.stop(name)
        self._kill_leftovers()
        for name in os.listdir(self.dir):
            path = os.path.join(self.dir, name)
            if os.path.ismount(path):
                self.run(["umount", path], check=False)
        with contextlib.suppress(OSError):
            with open(os.path.join(cgroup_root(), "cgroup.procs"), "w") as f:
                f.write(str(os.getpid()))
        for path, _d, _f in os.walk(self.cgroup, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)
        if self.keep:
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def _kill_leftovers(self):
        """Everything in this process namespace is ours."""
        for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
            if int(pid) not in (1, os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    def _make_network(self):
        self.cgroup = ""
        self.run(["mount", "--make-rprivate", "/"])
        self.run(["ip", "link", "set", "lo", "up"])
        self.run(["ip", "addr", "add", GOOGLE4 + "/32", "dev", "lo"])
        self.run(["ip", "-6", "addr", "add", GOOGLE6 + "/128", "dev", "lo", "nodad"])
        hosts = self.path("hosts")
        with open(hosts, "w") as f:
            f.write("127.0.0.1 localhost\n::1 localhost\n")
            f.write("169.254.169.254 metadata.google.internal metadata\n")
            for name in HOSTS + ["example.com"]:
                f.write(f"{GOOGLE4} {name}\n{GOOGLE6} {name}\n")
        open("/etc/hosts", "a").close()  # a minimal system has none to mount over
        self.run(["mount", "--bind", hosts, "/etc/hosts"])
        os.mkdir(self.path("bpf"))
        self.run(["mount", "-t", "bpf", "bpf", self.path("bpf")])

    def _make_cgroups(self):
        self.attach = os.environ["SALLYPORT_WORLD"]
        self.cgroup = os.path.join(cgroup_root(), self.attach)
        for name in ("daemon", "agents.slice", "outside"):
            os.makedirs(os.path.join(self.cgroup, name))

    def _make_files(self):
        self.run([os.path.join(TOP, "sandbox", "make-demo-pki.sh"), self.path("pki")])
        os.chmod(self.path("pki"), 0o755)
        for name in ("state", "run"):
            os.mkdir(self.path(name))
        # a disk of its own, small enough to fill
        self.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=755", "tmpfs",
                  self.path("state")])
        shutil.copytree(self.policy, self.path("policy"))
        os.mkdir(self.path("home"))
        os.chmod(self.path("home"), 0o777)
        # the agent is nobody, and the checkout may be in somebody's private home
        shutil.copytree(os.path.join(TOP, "tests", "clients"), self.path("clients"),
                        symlinks=True)
        self.run(["chmod", "-R", "a+rX", self.path("clients")])
        self.write_settings()
        with open(self.path("bus.conf"), "w") as f:
            f.write(f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={self.path("bus")}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/>
<allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus"/></policy>
<include>{os.path.join(TOP, "systemd", "dev.sallyport.Sallyport1.conf")}</include>
</busconfig>""")

    def write_settings(self):
        with open(self.path("sallyport.yaml"), "w") as f:
            f.write(f"""# made for this run
state_dir: {self.path("state")}
runtime_dir: {self.path("run")}
policy_dir: {self.path("policy")}
workers: {self.workers}
guard:
  attach: /{self.attach}
  pin_dir: {self.path("bpf")}/sallyport
workloads:
  - name: ci-agents
    cgroups: ["{self.attach}/agents.slice"]
egress:
  open: ["tcp {GOOGLE4} 8081"]
  resolvers: []
upstream:
  base_host: bigquery.mtls.googleapis.com
  connect_to: "{GOOGLE4}:443"
  ca_file: {self.path("pki")}/upstream-ca.crt
credential:
  service_account_file: {self.path("pki")}/demo-sa.json
  project: acme-prod
issuers:
  - issuer: {ISSUER}
    audience: sallyport
    jwks_file: {self.path("pki")}/oidc-jwks.json
  - issuer: {DISCOVERED}
    audience: sallyport
    discover: true
records:
  free_min: 1MiB
{self.extra_settings}""")

    # ---- programs ----

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def env(self, **more):
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "LANG": "C.UTF-8", "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.path('bus')}"}
        for name in ("PYENV_VERSION", "TERM", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(more)
        return env

    def run(self, argv, check=True, timeout=60, **kw):
        kw.setdefault("env", self.env())
        p = subprocess.run(argv, capture_output=True, text=True, timeout=timeout * SLOW, **kw)
        if check and p.returncode != 0:
            raise RuntimeError(f"{' '.join(argv)}: exit {p.returncode}\n{p.stdout}{p.stderr}")
        return p

    def enter(self, cgroup):
        """For preexec_fn: be born in `cgroup` of the world."""
        path = os.path.join(self.cgroup, cgroup, "cgroup.procs")

        def move():
            with open(path, "w") as f:
                f.write("0")
        return move

    def spawn(self, name, argv, cgroup="outside", **kw):
        with open(self.path(name + ".log"), "ab") as log:
            self.children[name] = subprocess.Popen(argv, stdout=log, stderr=log,
                                                   stdin=subprocess.DEVNULL,
                                                   preexec_fn=self.enter(cgroup),
                                                   env=kw.pop("env", self.env()), **kw)
        return self.children[name]

    def stop(self, name, number=signal.SIGTERM):
        p = self.children.pop(name, None)
        if not p or p.poll() is not None:
            return p.returncode if p else None
        p.send_signal(number)
        try:
            return p.wait(10 * SLOW)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            raise

    def log(self, name):
        with open(self.path(name + ".log"), errors="replace") as f:
            return f.read()

    def start(self):
        self.start_google()
        self.start_bus()
        self.start_daemon()

    def start_google(self):
        pki = self.path("pki")
        ready = self.path("standin.ready")
        # not by name: the world's hosts file maps Google's names to the stand-in
        self.spawn("standin", ["node", os.path.join(TOP, "sandbox", "bq-standin.js"),
                               "--listen", f"{GOOGLE4}:443", "--listen", f"[{GOOGLE6}]:443",
                               "--tls-cert", f"{pki}/upstream.crt",
                               "--tls-key", f"{pki}/upstream.key",
                               "--data", os.path.join(TOP, "sandbox", "demo-data.json"),
                               "--journal", self.path("journal"),
                               "--demo-key-pub", f"{pki}/demo-sa.pub",
                               "--oidc-issuer", DISCOVERED, "--oidc-jwks",
                               f"{pki}/oidc-jwks.json", "--ready-file", ready])
        self.wait_alive("standin", lambda: os.path.exists(ready) and os.path.getsize(ready))

    def start_bus(self):
        self.spawn("bus", ["dbus-daemon", "--config-file", self.path("bus.conf"), "--nofork",
                           "--nopidfile"])
        self.wait_alive("bus", lambda: os.path.exists(self.path("bus")))

    def start_daemon(self, *options):
        """Returns when the daemon says READY=1."""
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = self.path("notify")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        s.bind(address)
        s.setblocking(False)
        self.spawn("sallyportd", [os.path.join(self.build, "sallyportd"), "--config",
                                  self.path("sallyport.yaml"), *options], cgroup="daemon",
                   env=self.env(NOTIFY_SOCKET=address))

        def is_ready():
            with contextlib.suppress(BlockingIOError):
                return b"READY=1" in s.recv(4096).split(b"\n")
        try:
            self.wait_alive("sallyportd", is_ready)
        finally:
            s.close()

    def wait_alive(self, name, check):
        def alive():
            if self.children[name].poll() is not None:
                raise RuntimeError(f"{name} ended:\n{self.log(name)[-3000:]}")
            return check()
        try:
            wait_for(name, alive)
        except TimeoutError:
            raise RuntimeError(f"{name} did not start:\n{self.log(name)[-3000:]}") from None

    # ---- acting ----

    def ctl(self, *argv, check=True, **kw):
        return self.run([os.path.join(self.build, "sallyctl"), *argv], check=check, **kw)

    def busctl(self, *argv, **kw):
        return self.run(["busctl", f"--address=unix:path={self.path('bus')}", *argv], **kw)

    def agent_argv(self, argv, user="nobody"):
        return [os.path.join(self.build, "sallyctl"), "run", "--workload", "ci-agents",
                "--user", user, "--parent", f"{self.attach}/agents.slice", "--", *argv]

    def agent_env(self, **more):
        return self.env(HOME=self.path("home"), GOOGLE_CLOUD_PROJECT="acme-prod",
                        CLOUDSDK_CONFIG=self.path("home", "gcloud"), **more)

    def agent(self, argv, timeout=60, env=None, user="nobody"):
        """A command as the agent: guarded before its first instruction, unprivileged."""
        p = self.run(self.agent_argv(argv, user), check=False, timeout=timeout,
                     env=self.agent_env(**(env or {})), preexec_fn=self.enter("outside"))
        self.heard(p.stdout + p.stderr)
        return p

    def heard(self, text):
        """Everything an agent was shown, for the search at the end."""
        with open(self.path("agents.log"), "a") as f:
            f.write(text + "\n")

    def agent_start(self, argv, env=None, user="nobody"):
        return subprocess.Popen(self.agent_argv(argv, user), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                                env=self.agent_env(**(env or {})),
                                preexec_fn=self.enter("outside"))

    def outside(self, argv, timeout=60):
        """The same, not guarded: the positive control."""
        return self.run(argv, check=False, timeout=timeout, preexec_fn=self.enter("outside"))

    def client(self, name):
        return self.path("clients", *name.split("/"))

    def query(self, sql, *options, **kw):
        """One query with Google's Node client; returns what it printed, as an object."""
        p = self.agent(["node", self.client("node/query.js"), *options, sql], **kw)
        try:
            return json.loads(p.stdout)
        except json.JSONDecodeError:
            raise RuntimeError(f"the client printed no JSON: {p.stdout}{p.stderr}") from None

    def patient_query(self, sql):
        """The same; where an emulated machine is too slow for that client's own timeouts, with one that waits."""
        if SLOW == 1:
            return self.query(sql)
        return json.loads(self.agent(["/usr/bin/python3", os.path.join(TOP, "tests", "boot", "client.py"), "--query",
                                      sql]).stdout or "{}")

    def oidc_token(self, *options):
        return self.run(["node", os.path.join(TOP, "sandbox", "mint-oidc.js"), "--key",
                         self.path("pki", "oidc-rs256.key"), *options]).stdout.strip()

    def journal(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.path("journal")) as f:
                return [json.loads(line) for line in f]
        return []

    @contextlib.contextmanager
    def full_disk(self):
        """While inside, the disk of the records has no room left."""
        ballast = self.path("state", "ballast")
        fd = os.open(ballast, os.O_WRONLY | os.O_CREAT, 0o600)
        size = 65536
        while size:
            try:
                os.write(fd, b"x" * size)
            except OSError:
                size //= 2
        os.close(fd)
        try:
            yield
        finally:
            os.unlink(ballast)

    def store(self):
        return self.path("state", "records")

    def pids(self, role):
        """Process ids of a role of the running daemon."""
        out = []
        for pid in children_of(self.children["sallyportd"].pid):
            with open(f"/proc/{pid}/cmdline") as f:
                if f"--role={role}" in f.read().split("\0"):
                    out.append(pid)
        return out

    def reload_policy(self, check=True):
        return self.busctl("call", "dev.sallyport.Sallyport1", "/dev/sallyport/Sallyport1",
                           "dev.sallyport.Sallyport1.Manager", "ReloadPolicy", check=check)

    @contextlib.contextmanager
    def changed_policy(self, *changes):
        """The policy with each (old, new) replaced, in force meanwhile."""
        path = self.path("policy", "policy.yaml")
        with open(path) as f:
            good = f.read()
        changed = good
        for old, new in changes:
            assert old in changed, old
            changed = changed.replace(old, new)
        try:
            with open(path, "w") as f:
                f.write(changed)
            self.reload_policy()
            yield path
        finally:
            with open(path, "w") as f:
                f.write(good)
            self.reload_policy()

    def approvals(self):
        """Pending approvals, as plain busctl shows them."""
        out = self.busctl("--json=short", "call", "dev.sallyport.Sallyport1",
                          "/dev/sallyport/Sallyport1", "org.freedesktop.DBus.ObjectManager",
                          "GetManagedObjects").stdout
        objects = json.loads(out)["data"][0]
        found = {}
        for path, interfaces in objects.items():
            a = interfaces.get("dev.sallyport.Sallyport1.Approval")
            if a and a["State"]["data"] == "pending":
                found[path] = {k: v["data"] for k, v in a.items()}
        return found

    def wait_approval(self, seconds=20):
        return next(iter(wait_for("an approval", self.approvals, seconds).items()))


def run_tests(names, **options):
    """The tests of a program, whose globals are `names`, in one world: its W."""
    enter_namespaces()
    build = os.environ.get("BUILD", os.path.join(TOP, "build"))
    with World(build, keep=bool(os.environ.get("KEEP")), **options) as world:
        names["W"] = world
        world.start()
        started = time.monotonic()
        result = unittest.main(module=names["__name__"], argv=[sys.argv[0], "-v", *sys.argv[1:]],
                               exit=False).result
        # a test of many parts (subTest) fails once; a part may be skipped and the rest pass
        failed = len({getattr(t, "test_case", t) for t, _ in result.failures + result.errors})
        whole = sum(not hasattr(t, "test_case") for t, _ in result.skipped)
        print(f"e2e: {result.testsRun - failed - whole} passed, {failed} failed, "
              f"{len(result.skipped)} skipped ({time.monotonic() - started:.0f} s)")
        if failed:
            print(world.log("sallyportd")[-4000:])
    sys.exit(1 if failed else 0)
