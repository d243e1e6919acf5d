"""The person who deploys: runs the tool as the documentation says, and reads what it answers."""

import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.releases import Derived
from benchmarks.swap_drill.world import World
from tests.polling import wait_for
from tests.system.stack import Stack, clean_environment, docker, run

Answer = dict[str, Any]  # Any: JSON


@dataclass(frozen=True)
class Ended:
    """How the tool ended, and what it printed."""

    code: int
    answer: Any  # JSON: an object, or a list for `history`
    stderr: str


@dataclass(frozen=True)
class Operator:
    """Somebody with a shell on the stack's server."""

    stack: Stack

    def run(self, *words: str, timeout: float = 400) -> Ended:
        """Run the tool to its end."""
        done = run(*self.command(*words), cwd=self.stack.root, check=False, timeout=timeout)
        return Ended(done.returncode, json.loads(done.stdout or "{}"), done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the tool and leave it running; its progress comes through the pipe."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.stack.root,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *words: str) -> tuple[str, ...]:
        """Return the words of a call of the tool."""
        overlaid = self.stack.files if self.stack.overlays else ()
        files = [word for file in overlaid for word in ("--file", file)]
        return (sys.executable, "deploy/bluegreen.py", *words, *files, "--json")

    @cached_property
    def world(self) -> World:
        """Return the people and groups of this stack that a load is about."""
        return World.made(self.stack.port)

    def load(self) -> Load:
        """Return users who are there during a deploy: gentle ones, for two cores do everything."""
        return Load(self.world, open_rate=5, think=0.3)

    def deploy(self, image: str, *words: str) -> Ended:
        """Deploy an image; watch it only as long as a test has patience."""
        return self.run("deploy", "--image", image, "--watch-seconds", "2", *words)

    def deploy_well(self, image: str) -> Answer:
        """Deploy an image, and fail the test if that fails."""
        ended = self.deploy(image)
        assert ended.code == 0, ended.stderr
        answer: Answer = ended.answer
        return answer

    def status(self) -> Answer:
        """Return what `status` sees."""
        answer: Answer = self.run("status").answer
        return answer

    def live(self) -> tuple[str, str]:
        """Return live colour and release, as the proxy's users meet them."""
        route = self.stack.exec("proxy", "cat", "/var/lib/hesap/route.map").stdout.split()[1]
        color = route.partition("_")[0]
        return color, self.version(color)

    def version(self, color: str) -> str:
        """Return the release in a colour's container."""
        return self.stack.exec(f"app-{color}", "cat", "/app/VERSION").stdout.strip()

    def route(self) -> str:
        """Return the line that decides."""
        return self.stack.exec("proxy", "cat", "/var/lib/hesap/route.map").stdout.split()[1]

    def has_standby(self) -> bool:
        """Say whether another release may take over."""
        return not self.route().endswith("_none")

    def settle(self) -> None:
        """Wait until nobody holds the lock and the route stands still on a colour that is ready."""
        wait_for(lambda: not self.status()["lock"], "the lock to be free")
        self.stack.wait_ready()

    def servers(self) -> dict[str, str]:
        """Return the containers that must not change behind an operator's back."""
        names = ("db", "app-blue", "app-green", "proxy", "backup", "drill-check")
        found = self.stack.containers("oneoff=False")
        return {name: found[name] for name in names}

    def derive(self, label: str, *changes: str) -> Derived:
        """Build a release that differs from the first one by these commands."""
        base = f"{self.stack.name}:first"
        if base not in self.stack.images():
            docker("tag", f"{self.stack.name}:blue", base)
        version = f"0.1.0-{label}-{secrets.token_hex(3)}"
        release = Derived(base, f"{self.stack.name}:made-{version}", version, changes)
        release.build()
        return release
