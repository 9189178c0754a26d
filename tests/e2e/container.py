# SPDX-License-Identifier: Apache-2.0
"""
container - real containers in a world: crun with the host's programs, read only.

Rootful, with process, mount, IPC, UTS and network namespaces of their own; the container's
cgroup is the guarded one that crun is started in. No image, no registry, no engine.
"""
import contextlib
import json
import os
import shutil
import subprocess

import world as w

CRUN = shutil.which("crun")
NAMESPACES = ["pid", "network", "ipc", "uts", "mount"]


def mount(to, source, kind="bind", *options):
    return {"destination": to, "source": source, "type": kind, "options": list(options) or
            ["rbind", "ro"]}


class Container:
    """With c: its process runs, or is about to."""

    count = 0

    def __init__(self, world, argv, cgroup="agents.slice", uid=65534, capabilities=(),
                 env=(), also=()):
        Container.count += 1
        self.world, self.cgroup = world, cgroup
        self.name = f"c{os.getpid()}-{Container.count}"
        self.bundle = world.path(self.name)
        root = os.path.join(self.bundle, "rootfs")
        os.makedirs(root)
        for name in ("bin", "lib", "lib64", "sbin"):
            if os.path.islink("/" + name):
                os.symlink(os.readlink("/" + name), os.path.join(root, name))
        caps = list(capabilities)
        config = {
            "ociVersion": "1.0.2", "root": {"path": "rootfs", "readonly": False},
            "hostname": "container",
            "process": {"args": argv, "cwd": "/", "user": {"uid": uid, "gid": uid},
                        "env": ["PATH=/usr/sbin:/usr/bin", "HOME=/tmp", *env],
                        "noNewPrivileges": True,
                        "capabilities": {k: caps for k in ("bounding", "effective",
                                                           "inheritable", "permitted",
                                                           "ambient")}},
            "mounts": [mount("/proc", "proc", "proc", "nosuid"),
                       mount("/dev", "tmpfs", "tmpfs", "mode=755"),
                       mount("/tmp", "tmpfs", "tmpfs", "mode=1777"),
                       mount("/usr", "/usr"), mount("/etc", "/etc"),
                       *(mount(path, path) for path in (world.dir, *also))],
            "linux": {"namespaces": [{"type": n} for n in NAMESPACES]}}
        with open(os.path.join(self.bundle, "config.json"), "w") as f:
            json.dump(config, f)

    def argv(self, *words):
        # It refuses hosts that have cgroup v1 beside v2: there it sees the second only.
        return ["unshare", "--mount", "sh", "-c",
                'test "$0" = /sys/fs/cgroup || mount --bind "$0" /sys/fs/cgroup; exec "$@"',
                w.cgroup_root(), CRUN, "--root", self.world.path("crun"),
                "--cgroup-manager=disabled", *words]

    def __enter__(self):
        self.p = subprocess.Popen(self.argv("run", "--bundle", self.bundle, self.name),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True,
                                  env=self.world.env(), preexec_fn=self.world.enter(self.cgroup))
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.world.run(self.argv("delete", "--force", self.name), check=False)
        self.p.kill()
        self.p.communicate()
        shutil.rmtree(self.bundle, ignore_errors=True)

    def wait(self, timeout=60):
        out, err = self.p.communicate(timeout=timeout)
        self.world.heard(out + err)
        return subprocess.CompletedProcess(self.p.args, self.p.returncode, out, err)

    def pid(self):
        """Of its first process; 0: it is not there yet."""
        p = self.world.run(self.argv("state", self.name), check=False)
        return json.loads(p.stdout)["pid"] if p.returncode == 0 else 0


def run(world, argv, timeout=60, **options):
    with Container(world, argv, **options) as c:
        return c.wait(timeout)
