"""Start the release of one colour and ask its health, from inside its own container."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.rollout.compose import Compose, recreate
from deploy.rollout.containers import Container, containers_by_service
from deploy.rollout.errors import MigrationError, StackUnavailableError
from deploy.rollout.log_lines import readable
from deploy.rollout.route import Color
from deploy.rollout.runner import Result, Runner
from deploy.rollout.stack import Stack

_PROBE = Path(__file__).with_name("probe.py").read_text(encoding="utf-8")
LOG_LINES = 15


@dataclass(frozen=True)
class HealthAnswer:
    """What a colour's health endpoint answered."""

    ok: bool
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Return the release that answered."""
        return str(self.body.get("version", ""))

    @property
    def schema(self) -> str:
        """Return how the release finds the schema: ok, behind, contracted, missing."""
        schema = self.body.get("schema") or {}
        return str(schema.get("state", ""))

    @property
    def reason(self) -> str:
        """Return why the release is not ready, in its own words."""
        return str(self.body.get("reason") or "it does not answer")


@dataclass(frozen=True)
class Colors:
    """The two colours of one stack."""

    compose: Compose
    runner: Runner
    stack: Stack

    def start(self, color: Color) -> None:
        """Replace a colour's container by one of the image that its tag names now."""
        result = recreate(self.compose, self.runner, color.service)
        if not result.ok:
            raise self._explain(result)

    def refresh_password(self, color: Color) -> None:
        """Give a colour's database role a new password; the next start puts it into force."""
        command = self.compose.one_shot("secrets", "rotate", color.service)
        result = self.runner.run(command, timeout=120)
        if not result.ok:
            raise StackUnavailableError("no fresh password could be made", evidence=result.said)

    def ask(self, color: Color, path: str) -> HealthAnswer:
        """Ask a colour's own health check about a path."""
        command = self.compose.inside(color.service, "python", "-IS", "/app/healthcheck.py", path)
        result = self.runner.run(command, timeout=20)
        try:
            body = json.loads(result.out)
        except json.JSONDecodeError:
            return HealthAnswer(ok=False)
        return HealthAnswer(result.ok, body if isinstance(body, dict) else {})

    def probe(self, color: Color, expectations: str) -> Result:
        """Run the smoke test inside a colour's container."""
        command = self.compose.inside(color.service, "python", "-", expectations)
        return self.runner.run(command, stdin=_PROBE, timeout=60)

    def container(self, color: Color) -> Container | None:
        """Return a colour's container; nothing if it has none."""
        return containers_by_service(self.runner, self.stack.project).get(color.service)

    def log_tail(self, service: str) -> str:
        """Return the end of a service's log, made readable."""
        return readable(self.runner.run(self.compose.logs(service, lines=LOG_LINES)).said)

    def _explain(self, result: Result) -> Exception:
        """Say which dependency kept a colour from starting."""
        for service, error in (
            ("bootstrap", StackUnavailableError),
            ("external-db", StackUnavailableError),
            ("migrate", MigrationError),
        ):
            if f'"{service}" didn\'t complete' in result.err:
                evidence = f"{result.said}\n{self.log_tail(service)}"
                return error(f"{service} failed", evidence=evidence)
        return StackUnavailableError("Compose could not start the colour", evidence=result.said)
