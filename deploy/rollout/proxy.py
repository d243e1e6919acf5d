"""Read the proxy's state and change its route, through its own container."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.rollout.compose import Compose
from deploy.rollout.counters import Counters, parse_counters
from deploy.rollout.errors import StackUnavailableError
from deploy.rollout.route import Route
from deploy.rollout.runner import Command, Runner

SERVICE = "proxy"
_SCRIPT = Path(__file__).with_name("route.pl").read_text(encoding="utf-8")


@dataclass(frozen=True)
class ProxyState:
    """What the proxy's volume and its process say at one moment."""

    on_disk: Route
    in_process: Route | None
    counters: Counters
    disk_free: int
    disk_size: int


@dataclass(frozen=True)
class Proxy:
    """The proxy of one stack."""

    compose: Compose
    runner: Runner

    def read(self) -> ProxyState:
        """Read route, counters and disk space from the running proxy."""
        return parse_state(self._ask("read"))

    def read_stopped(self) -> ProxyState:
        """Read what the volume holds, beside a proxy that does not run."""
        command = self.compose.one_shot(SERVICE, "-", "read", entrypoint="perl")
        return parse_state(self._run(command))

    def set_route(self, route: Route, record: dict[str, Any] | None = None) -> None:
        """Change the route on disk, then in the process, and note why; fail if it did not hold."""
        record_line = (json.dumps(record),) if record else ()
        said = self._ask("set", route.backend, *record_line)
        if (now := parse_state(said).in_process) != route:
            raise StackUnavailableError(
                f"the proxy was told {route.backend}, but says {now and now.backend}",
                hint="its file is right and will be read at its next start: restart the proxy",
            )

    def record(self, record: dict[str, Any]) -> None:
        """Add one line to the history."""
        self._ask("record", json.dumps(record))

    def history(self) -> str:
        """Return the history as it is on disk."""
        return self._ask("history")

    def history_stopped(self) -> str:
        """Return the history, beside a proxy that does not run."""
        command = self.compose.one_shot(SERVICE, "-", "history", entrypoint="perl")
        return self._run(command)

    def who_answers(self) -> dict[str, Any]:
        """Ask for /api/live as a user would, and return what the answering colour says."""
        _, _, body = self._ask("get", "/api/live").partition("\n\n")
        try:
            answer = json.loads(body)
        except json.JSONDecodeError:
            return {}
        return answer if isinstance(answer, dict) else {}

    def _ask(self, *words: str) -> str:
        return self._run(self.compose.inside(SERVICE, "perl", "-", *words), seconds=30)

    def _run(self, command: Command, *, seconds: float = 60) -> str:
        result = self.runner.run(command, stdin=_SCRIPT, timeout=seconds)
        if not result.ok:
            raise StackUnavailableError(
                "the proxy's container does not answer",
                hint=f"{self.compose.command_line} up -d {SERVICE}",
                evidence=result.said,
            )
        return result.out


def parse_state(text: str) -> ProxyState:
    """Read the sections that route.pl prints."""
    parts = _sections(text)
    free, size = _disk(parts.get("disk", ""))
    return ProxyState(
        on_disk=_route(parts.get("file", "")) or Route.parse("blue_none"),
        in_process=_route(parts.get("process", "")),
        counters=parse_counters(parts.get("stat", ""), parts.get("state", "")),
        disk_free=free,
        disk_size=size,
    )


def _sections(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split("=== ")[1:]:
        name, _, body = part.partition("\n")
        found[name] = body
    return found


def _route(text: str) -> Route | None:
    words = text.split()
    if "route" not in words:
        return None
    try:
        return Route.parse(words[words.index("route") + 1])
    except (IndexError, ValueError):
        return None


def _disk(text: str) -> tuple[int, int]:
    """Return free and whole size in bytes from `df -Pk`."""
    words = text.splitlines()[-1].split() if text.strip() else []
    return (int(words[3]) * 1024, int(words[1]) * 1024) if len(words) > 4 else (0, 0)
