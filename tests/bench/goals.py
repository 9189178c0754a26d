# SPDX-License-Identifier: Apache-2.0
"""
goals - what the figures should be, and whether they are.

A goal is a ratio of two things measured side by side in one run, or a figure of a program
that does nothing else. Met or missed is printed and decides nothing.
"""
import statistics

import guard

PAGES = {"10 MB page of a masked query": "page", "10 MB preview, masked in flight": "preview"}


def pages(rounds):
    """name → ours and nginx's medians, and the medians and spread of the ratios by round. A round
    of ours is compared with the mean of nginx's right before and right after it."""
    out = {}
    for name, case in PAGES.items():
        ours = [scaled(r[f"masked {case}"]) for r in rounds]
        peer = [mean(scaled(r[f"nginx {case}"]), scaled(r[f"nginx {case} 2"])) for r in rounds]
        ratios = {k: sorted(o[k] / p[k] for o, p in zip(ours, peer)) for k in ours[0]}
        out[name] = {
            "ours": medians(ours), "nginx": medians(peer),
            "ratio": {k: statistics.median(v) for k, v in ratios.items()},
            "spread": {k: (v[0], v[-1]) for k, v in ratios.items()},
            "direct": statistics.median(r["direct page"]["mb_s"] for r in rounds)
            if case == "page" else None}
    return out


def scaled(m):
    return {"mb_s": m["mb_s"], "cpu_ms": m["cpu_us"] / 1000}


def mean(a, b):
    return {k: (a[k] + b[k]) / 2 for k in a}


def medians(rounds):
    return {k: statistics.median(r[k] for r in rounds) for k in rounds[0]}


def of_pages(rounds):
    for name, page in pages(rounds).items():
        for key, what, goal, sign in (("mb_s", "throughput, of nginx's plain", 0.90, 1),
                                      ("cpu_ms", "CPU, of nginx's plain", 1.15, -1)):
            low, high = page["spread"][key]
            v = page["ratio"][key]
            yield (f"{name}: {what}", v, "x", f"{'>=' if sign > 0 else '<='} {goal}",
                   v * sign >= goal * sign, f"{low:.2f} to {high:.2f}; {page['ours'][key]:.1f}, "
                   f"nginx {page['nginx'][key]:.1f}")


def all_of(found):
    """(what, value, unit, goal, is it met, spread)."""
    yield from of_pages(found["pages"])
    for k in found["kernel"]:
        goal = {"scalar": 0.8, "AVX2": 2.5}.get(k["scan"])
        if k["bytes"] > 5e6 and k["plan"] == "one column redacted" and goal:
            yield (f"response kernel, a column redacted, {k['scan']}", k["gb_s"], "GB/s",
                   f">= {goal}", k["gb_s"] >= goal, "")
    by_statement = {}
    for s in found["statements"]:
        by_statement.setdefault(s["statement"], {})[s["step"]] = s["us"]
    for name, us in by_statement.items():
        yield (f"rewrite and verify: {name}", us["rewrite"] - us["judge"], "us", "shown", None,
               f"judge {us['judge']:.1f}, all with both readings {us['read']:.1f}")
    g = {k: v for k, (v, _unit) in guard.figures(found["guard"]).items()}
    for what in ("connect()", "CPU of connect()"):
        yield (f"{what}, guarded, of REDIRECT's", g[f"{what}, guarded"] /
               g[f"{what}, redirect"], "x", "shown", None,
               f"unguarded is {g[f'{what}, unguarded'] / g[f'{what}, redirect']:.2f}")
    yield ("accepted and ended, of a plain accept loop", g["accepted and ended, guarded"] /
           g["accepted and ended, plain"], "x", "shown", None, "")
    kb, peer = (g[f"memory of an idle connection, {way}"] for way in ("sallyport", "nginx"))
    yield (f"{guard.IDLE} idle connections: memory, of nginx's", kb / peer, "x", "<= 1.0",
           kb <= peer, f"{kb:.1f} KB, nginx {peer:.1f} KB")


def show_pages(rounds):
    show_goals(of_pages(rounds))


def show(found):
    show_goals(all_of(found))
    print("load average before and after: {:.1f}, {:.1f}".format(*found["load"]))


def show_goals(goals):
    print(f"\n{'goal':66}{'':>8} {'':5}{'goal':>9}  verdict  spread, beside")
    for what, value, unit, goal, is_met, beside in goals:
        verdict = "" if is_met is None else "met" if is_met else "MISSED"
        print(f"{what:66}{value:8.2f} {unit:5}{goal:>9}  {verdict:9}{beside}")
