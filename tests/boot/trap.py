#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Accepts on addresses that only an attacker uses and notes each arrival in /run/boot/trap."""
import select
import socket

doors = []
for family, address in ((socket.AF_INET, "203.0.113.11"), (socket.AF_INET6, "2001:db8::11")):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 443))
    s.listen(1000)
    doors.append(s)
    u = socket.socket(family, socket.SOCK_DGRAM)
    u.bind((address, 443))
    doors.append(u)
with open("/run/boot/trap", "a", buffering=1) as log:
    log.write("open\n")
    while True:
        for door in select.select(doors, [], [])[0]:
            if door.type == socket.SOCK_STREAM:
                c, peer = door.accept()
                c.close()
            else:
                peer = door.recvfrom(100)[1]
            log.write(f"arrived from {peer[0]}\n")
