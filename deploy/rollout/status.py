"""The report of `status` and its text; `inspect` fills it and `advice` judges it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.rollout.differences import Difference
from deploy.rollout.history import Record
from deploy.rollout.route import Color


@dataclass(frozen=True)
class Advice:
    """Whether users are served, whether anything is wrong, and what to do about it."""

    serving: bool = True
    well: bool = True
    lines: tuple[str, ...] = ("nothing to do",)


@dataclass(frozen=True)
class ColorStatus:
    """One colour, as far as it could be read."""

    color: Color
    role: str
    state: str
    version: str
    ready: bool
    reason: str
    schema: dict[str, Any]
    proxy_check: str
    in_flight: int
    restarts: int
    exit_code: int
    started: str


@dataclass(frozen=True)
class StatusReport:
    """The stack at one moment."""

    stack: str
    address: str
    route: str
    route_in_process: str
    colors: list[ColorStatus]
    services: dict[str, str]
    disk_free: int
    disk_size: int
    lock: str
    interrupted: Record | None
    history: list[Record]
    external_database: bool = False
    # Servers that the compose files describe otherwise now: nothing is wrong with them.
    differences: tuple[Difference, ...] = ()
    advice: Advice = field(default_factory=Advice)

    def color_in_role(self, role: str) -> ColorStatus | None:
        """Return the colour in a role: `live`, `standby` or `idle`."""
        return next((color for color in self.colors if color.role == role), None)


def render_status(status: StatusReport) -> str:
    """Return the text of a status."""
    served = "users are served" if status.advice.serving else "USERS ARE NOT SERVED"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [f"{status.stack} at {status.address}: {served}    {now}", ""]
    lines += [_color(color) for color in status.colors]
    lines += ["", f"  services  {_services(status)}", f"  schema    {_schema(status)}"]
    lines += [f"  disk      {_disk(status)}", f"  lock      {status.lock or 'free'}", ""]
    lines += [f"  {label:<9} {text}" for label, text in _history(status.history)]
    later = [difference.sentence for difference in status.differences]
    for label, texts in (("later", later), ("next", status.advice.lines)):
        rows = [f"  {shown:<9} {text}" for shown, text in _labelled(label, texts)]
        lines += ["", *rows] if rows else []
    return "\n".join(lines)


def _color(color: ColorStatus) -> str:
    role = color.role.upper() if color.role == "live" else color.role
    ready = "ready" if color.ready else f"NOT READY: {color.reason}"
    facts = [f"{color.in_flight} in flight", f"proxy: {color.proxy_check}"]
    if color.restarts:
        facts.append(f"{color.restarts} restarts, last exit {color.exit_code}")
    if color.state != "running":
        facts.append(f"{color.state}, exit {color.exit_code}")
    version = color.version or "unknown"
    return f"  {color.color:<6} {role:<8} {version:<22} {ready}  ({', '.join(facts)})"


def _services(status: StatusReport) -> str:
    colors = {color.color.service for color in status.colors}
    rest = {name: state for name, state in status.services.items() if name not in colors}
    return ", ".join(f"{name} {state}" for name, state in rest.items())


def _schema(status: StatusReport) -> str:
    known = [color.schema for color in status.colors if color.schema]
    if not known:
        return "unknown: no colour answers"
    schema = known[0]
    return f"expand {schema.get('expand_level')}, contract {schema.get('contract_level')}"


def _disk(status: StatusReport) -> str:
    if not status.disk_size:
        return "unknown"
    return f"{status.disk_free / 1024**3:.0f} GB of {status.disk_size / 1024**3:.0f} GB free"


def _history(records: list[Record]) -> list[tuple[str, str]]:
    last = {record.rollout: record for record in records}
    shown = [describe_record(record) for record in list(last.values())[-4:]]
    return _labelled("history", shown or ["nothing was deployed yet"])


def describe_record(record: Record) -> str:
    """Return one line: how a rollout ended, or how far it came."""
    cause = f" ({record.cause})" if record.cause else ""
    took = f" in {record.seconds:.0f} s" if record.seconds else ""
    who = f"by {record.by}"
    return f"{record.at}  {record.kind:<8} {record.version}  {record.event}{cause}{took}, {who}"


def _labelled(label: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(label if index == 0 else "", text) for index, text in enumerate(texts)]
