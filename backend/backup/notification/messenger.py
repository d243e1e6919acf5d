"""The messenger: brings the newest notification out, in a thread that nobody waits for."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Thread

from backend.backup.notification.delivery import Notification, deliver, has_way_out
from backend.backup.notification.notify_address import NotifyAddress, parse_address
from backend.config.env import read_secret
from backend.db import private_files
from backend.errors import AppError, ConfigError

log = logging.getLogger(__name__)

ADDRESS_FILE = "notify_url"
STATE_FILE = "notification.json"
NO_WAY_OUT = (
    "BACKUP_NOTIFY_URL is set, and this service has no way out: nobody is notified",
    "start it with -f deploy/docker-compose.backup-egress.yml behind the other files",
)
# After the last one it is given up: the receiver misses the heartbeat by then.
_PAUSES = (30.0, 120.0, 600.0, 1800.0, 3600.0)
_GROUP_COPIES = 0o640


@dataclass
class Messenger:
    """Whoever hands it a notification goes on at once; a newer one takes the place of an older.

    The address is read for each attempt: `up` may have brought another. How it went is kept in a
    file of the folder that comes with the notification.
    """

    keys: Path
    has_route: Callable[[], bool] = has_way_out
    pauses: Sequence[float] = _PAUSES
    _news: Condition = field(default_factory=Condition, init=False)
    _waiting: tuple[Notification, Path] | None = field(default=None, init=False)
    _thread: Thread | None = field(default=None, init=False)

    def check(self, folder: Path) -> None:
        """Say at the start where notifications go; note it where they cannot go anywhere."""
        try:
            if (address := self._address()) is not None:
                self._require_route()
                log.info("notifications go to %s", address)
                _forget_closed(folder)
        except AppError as error:
            _keep(folder, "", error)

    def send(self, told: Notification, folder: Path) -> None:
        """Bring a notification out, if somebody wants to be notified."""
        if not (self.keys / ADDRESS_FILE).exists():
            return
        with self._news:
            self._waiting = (told, folder)
            self._news.notify()
            # An error that nobody thought of ends the thread, and must not be the last news.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="messenger", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._bring(*self._next())

    def _next(self) -> tuple[Notification, Path]:
        with self._news:
            while self._waiting is None:
                self._news.wait()
            newest, self._waiting = self._waiting, None
            return newest

    def _bring(self, told: Notification, folder: Path) -> None:
        for pause in (*self.pauses, 0.0):
            if not self._tried(told, folder):
                return
            with self._news:
                if self._news.wait_for(lambda: self._waiting is not None, pause):
                    return
        log.error("the notification was given up")

    def _tried(self, told: Notification, folder: Path) -> bool:
        """Tell it, and return whether it is worth another try."""
        try:
            if (address := self._address()) is None:
                return False
            self._require_route()
            deliver(address, told)
        except AppError as error:
            _keep(folder, told.kind, error)
            return not isinstance(error, ConfigError)
        _keep(folder, told.kind, None)
        return False

    def _address(self) -> NotifyAddress | None:
        return read_address(self.keys)

    def _require_route(self) -> None:
        if not self.has_route():
            raise ConfigError(NO_WAY_OUT[0], hint=NO_WAY_OUT[1])


@dataclass(frozen=True)
class NotificationState:
    """How the last notification went; `why` is empty if it was delivered."""

    at: datetime
    kind: str
    why: str


def read_address(keys: Path) -> NotifyAddress | None:
    """Return whom to notify; None if nobody wants to be.

    Raises:
        ConfigError: what was brought is no address.
    """
    path = keys / ADDRESS_FILE
    return parse_address(read_secret("BACKUP_NOTIFY_URL", path)) if path.exists() else None


def read_state(folder: Path) -> NotificationState | None:
    """Return how the last notification went; None if there was none, or what is kept is damaged."""
    try:
        kept = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        return NotificationState(datetime.fromisoformat(kept["at"]), kept["kind"], kept["why"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _forget_closed(folder: Path) -> None:
    """Forget that there was no way out, now that there is one."""
    state = read_state(folder)
    if state is not None and state.why.startswith(NO_WAY_OUT[0]):
        (folder / STATE_FILE).unlink(missing_ok=True)


def _keep(folder: Path, kind: str, error: AppError | None) -> None:
    why = str(error) if error else ""
    if error:
        log.error("not notified: %s", why)
    else:
        log.info("notified: %s", kind)
    text = json.dumps({"at": datetime.now(UTC).isoformat(), "kind": kind, "why": why})
    try:
        private_files.replace(folder / STATE_FILE, text, mode=_GROUP_COPIES)
    except OSError as failed:
        log.error("%s cannot be kept: %s", STATE_FILE, failed.strerror)  # noqa: TRY400 - no more to say
