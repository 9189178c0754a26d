#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""attacker.py FILE: knocks at the trap without end, with a pause of 2 ms (times SLOW), over TCP and UDP, IPv4 and IPv6; counts into FILE what became of it."""
import os
import socket
import sys
import time

WAYS = ((socket.AF_INET, socket.SOCK_STREAM, "203.0.113.11"),
        (socket.AF_INET6, socket.SOCK_STREAM, "2001:db8::11"),
        (socket.AF_INET, socket.SOCK_DGRAM, "203.0.113.11"),
        (socket.AF_INET6, socket.SOCK_DGRAM, "2001:db8::11"))
pause = 0.002 * int(os.environ.get("SLOW", "1"))
tries = 0
told = 0.0
while True:
    for family, kind, address in WAYS:
        with socket.socket(family, kind) as s:
            s.settimeout(0.5)
            tries += 1
            try:
                if kind == socket.SOCK_STREAM:
                    s.connect((address, 443))  # caught: this is the daemon's listener
                else:
                    s.sendto(b"x", (address, 443))
            except OSError:
                pass
    if time.monotonic() - told > 0.2:
        told = time.monotonic()
        with open(sys.argv[1], "w") as f:
            f.write(f"{tries}\n")
    time.sleep(pause)
