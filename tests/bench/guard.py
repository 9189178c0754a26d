# SPDX-License-Identifier: Apache-2.0
"""
guard - what a guarded connection costs, in the world of the bench.

connect() inside the guard, outside it, and outside it with nftables REDIRECT; connections
accepted and ended in a second beside a plain accept loop; memory of idle TLS connections
beside nginx. The ways follow each other within a second, round after round.
"""
import json
import os
import shlex
import statistics
import subprocess

import canned
import world
from costs import cpu_ns, pss_kb, tree

PLAIN_PORT, REDIRECTED = 9443, "203.0.113.77"
ROUNDS, CONNECTS, CYCLE_MS, WAITING = 9, 1500, 400, 32
IDLE = 5000
REDIRECT = f"""table ip bench {{
 chain out {{
 type nat hook output priority -100;
 ip daddr {REDIRECTED} tcp dport 443 redirect to :{PLAIN_PORT};
 }}
}}
"""


class Guard:
    def __init__(self, w, load_cpu, proxy_cpu, outside, agent):
        self.w, self.outside, self.agent = w, outside, agent
        self.load_cpu, self.proxy_cpu = load_cpu, proxy_cpu
        self.program = w.path("connections")
        w.run(["install", "-m755", os.path.join(w.build, "bench", "connections"), self.program])

    def ask(self, load, *arguments):
        out = load.run(shlex.join(["taskset", "-c", str(self.load_cpu), self.program,
                                   *map(str, arguments)]))
        return json.loads(out.strip().splitlines()[-1])

    def redirect(self, is_on):
        argv = ["nft", "-f", "-"] if is_on else ["nft", "delete", "table", "ip", "bench"]
        subprocess.run(argv, input=REDIRECT if is_on else None, text=True, check=True,
                       capture_output=True)

    def prepare(self):
        w = self.w
        w.run(["ip", "addr", "add", REDIRECTED + "/32", "dev", "lo"])
        # many short connections one after the other: ports are used again
        for name, value in (("ip_local_port_range", "2000 65000"), ("tcp_tw_reuse", "1"),
                            ("tcp_max_syn_backlog", "8192")):
            with open("/proc/sys/net/ipv4/" + name, "w") as f:
                f.write(value)
        w.spawn("plain", ["taskset", "-c", str(self.proxy_cpu), self.program, "serve", "0.0.0.0",
                          str(PLAIN_PORT)])
        w.wait_alive("plain", lambda: "ready" in w.log("plain"))

    def connects(self):
        """us of connect(): {way: [by round]}, by the clock and of the caller's CPU."""
        found = {way: [] for way in ("unguarded", "guarded", "redirect")}
        for _ in range(ROUNDS):
            found["unguarded"].append(self.ask(self.outside, "connect", "127.0.0.1", PLAIN_PORT,
                                               CONNECTS))
            found["guarded"].append(self.ask(self.agent, "connect", world.GOOGLE4, 443, CONNECTS))
            self.redirect(True)
            try:
                found["redirect"].append(self.ask(self.outside, "connect", REDIRECTED, 443,
                                                  CONNECTS))
            finally:
                self.redirect(False)
        return found

    def accepts(self):
        """{way: [connections a second, by round]}, and CPU us of the accepting side."""
        ways = {"plain": (self.outside, "127.0.0.1", PLAIN_PORT, self.w.children["plain"].pid),
                "guarded": (self.agent, world.GOOGLE4, 443, self.w.children["sallyportd"].pid)}
        found = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, (load, address, port, pid) in ways.items():
                before = cpu_ns(pid)
                m = self.ask(load, "cycle", address, port, CYCLE_MS, WAITING)
                found[way].append({"per_s": m["connections"] / m["ms"] * 1000,
                                   "cpu_us": (cpu_ns(pid) - before) / 1000 / m["connections"]})
        return found

    def held(self, load, address, port, pids):
        """KB a connection: what `pids` have more with IDLE connections than with a few."""
        def memory():
            return sum(map(pss_kb, pids()))
        hold = [self.program, "hold", address, port, None, canned.NAME, canned.TABLE]
        ready = self.w.path("home", f"ready-{port}")  # either side may write there

        def run(n):
            command = shlex.join(str(n if a is None else a) for a in hold)
            # the shell goes on while the connections are held, until their input ends
            load.run(f"mkfifo {ready}.in; {command} <{ready}.in >{ready} & exec 7>{ready}.in; "
                     f"i=0; until grep -q ready {ready}; do sleep 0.2; i=$((i+1)); "
                     f"test $i -lt 600 && kill -0 $! || exit 1; done")
            kb = memory()
            load.run(f"exec 7>&-; wait; rm -f {ready} {ready}.in")
            return kb
        few = run(200)
        return (run(IDLE) - few) / (IDLE - 200)

    def memory(self):
        w = self.w
        return {"sallyport": self.held(self.agent, world.GOOGLE4, 443,
                                       lambda: w.pids("worker") + [w.children["sallyportd"].pid]),
                "nginx": self.held(self.outside, "127.0.0.1", canned.PEER_PORT,
                                   lambda: tree(w.children["peer"].pid))}

    def measure(self):
        self.prepare()
        return {"connects": self.connects(), "accepts": self.accepts(), "memory": self.memory()}


def figures(found):
    """What `measure` found, in figures: name → (value, unit), medians of the rounds."""
    def of(rounds, key):
        return statistics.median(r[key] for r in rounds)
    out = {}
    for way, rounds in found["connects"].items():
        out[f"connect(), {way}"] = (of(rounds, "p50_ns") / 1000, "us")
        out[f"CPU of connect(), {way}"] = (of(rounds, "cpu_p50_ns") / 1000, "us")
    for way, rounds in found["accepts"].items():
        out[f"accepted and ended, {way}"] = (of(rounds, "per_s"), "/s")
        out[f"CPU of accepting, {way}"] = (of(rounds, "cpu_us"), "us")
    for way, kb in found["memory"].items():
        out[f"memory of an idle connection, {way}"] = (kb, "KB")
    return out
