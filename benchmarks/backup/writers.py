"""Writers at an even rate inside the database's container, and how long each write took.

They talk to the server itself: what is measured is how long it makes a writer wait.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.polling import wait_for
from tests.system.stack import Stack, docker

RATE = 100
CLIENTS = 4
_TABLE = """
    CREATE TABLE IF NOT EXISTS measured_writes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL)"""
_WRITE = "INSERT INTO measured_writes (at) VALUES (clock_timestamp());"
# Beside the app's database, in which a drill would find a table that no migration has made.
_DATABASE = "postgres"
_HOURS = 4
_LOG = "/tmp/measured-writes"  # noqa: S108 - in the container
_RUN = f"""
    rm -f {_LOG}*; echo '{_WRITE}' >{_LOG}.sql
    export PGPASSWORD="$(cat /run/secrets/superuser/password)"
    exec pgbench --no-vacuum --host=127.0.0.1 --username=postgres --client={CLIENTS} --rate={RATE} \
      --time={_HOURS * 3600} --file={_LOG}.sql --log --log-prefix={_LOG} {_DATABASE}"""
# The signal of its own timer: it ends in good order and writes its log to the end.
_END = "pkill -ALRM -x pgbench"


@dataclass(frozen=True)
class Write:
    """One write: when it was due, and how many milliseconds later it was acknowledged."""

    due: float
    milliseconds: float

    def is_within(self, begin: float, end: float) -> bool:
        """Tell whether it was under way at some time between two moments."""
        return self.due <= end and self.due + self.milliseconds / 1000 >= begin


class Writers:
    """Sessions that write while the block runs; `writes` is there when it has ended."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.writes: list[Write] = []

    def __enter__(self) -> Self:
        self._stack.sql(_TABLE, _DATABASE)
        docker("exec", "--detach", self._stack.container("db"), "sh", "-c", _RUN)
        query = "SELECT count(*) > 20 FROM measured_writes WHERE at > now() - interval '5 s'"
        wait_for(lambda: self._stack.sql(query, _DATABASE) == "t", "the writers", every=0.5)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._stack.exec("db", "sh", "-c", _END)
        ended = "! pgrep -x pgbench >/dev/null"
        wait_for(
            lambda: not self._stack.exec("db", "sh", "-c", ended, check=False).returncode,
            "the writers to end",
            every=0.2,
        )
        lines = self._stack.exec("db", "sh", "-c", f"cat {_LOG}.[0-9]*").stdout.splitlines()
        self.writes = [parse_write(line) for line in lines]


def parse_write(line: str) -> Write:
    """Read a line of the log: its time runs from when the write was due to its end."""
    _, _, microseconds, _, seconds, fraction, *_ = line.split()
    end = int(seconds) + int(fraction) / 1e6
    return Write(end - int(microseconds) / 1e6, int(microseconds) / 1000)
