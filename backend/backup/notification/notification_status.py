"""What `status` says about notifications: who gets them, and how the last one went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backend.backup.notification.messenger import NotificationState, read_address, read_state
from backend.backup.results import Facts, moment
from backend.errors import ConfigError

_NOBODY = "nobody: BACKUP_NOTIFY_URL is not set"


def notification_facts(keys: Path, folder: Path) -> Facts:
    """Return whom the service notifies, and of what it has last."""
    try:
        address = read_address(keys)
    except ConfigError:
        return {"notifies": None}
    state = read_state(folder) if address else None
    return {"notifies": str(address or _NOBODY), "notified": _told(state)}


def notification_warnings(keys: Path, folder: Path) -> Iterator[str]:
    """Yield why somebody who wants to be notified was not."""
    try:
        state = read_state(folder) if read_address(keys) else None
    except ConfigError as error:
        yield str(error)
        return
    if state is not None and state.why:
        yield f"not notified at {moment(state.at)}: {state.why}"


def _told(state: NotificationState | None) -> str | None:
    if state is None or state.why:
        return None
    return f"{state.kind} {moment(state.at)}"
