"""The image as Render runs it: its Blueprint's commands and variables, no volume, no compose file."""

import json
import secrets
import shlex
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException

import pytest

from tests.polling import wait_for
from tests.repo.blueprint import environment, guide_says, load_blueprint
from tests.system.managed_postgres import LOGIN, ManagedPostgres, managed_postgres
from tests.system.stack import Stack, docker, run

BLUEPRINT = load_blueprint()
[WEB] = BLUEPRINT["services"]
# What Render's proxy says about a browser; the last address is an edge of the network before it.
BROWSER = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9", "X-Forwarded-Proto": "https"}
MIGRATE_AND_SERVE = guide_says("On a free instance")["dockerCommand"]


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Instance:
    """One container of the service."""

    name: str

    def ask(self, path: str, **body: str) -> Answer:
        """Ask as Render's proxy would; with a body it is a POST."""
        listening = run("docker", "port", self.name, "10000/tcp", check=False).stdout
        assert listening, run("docker", "logs", self.name).stderr
        headers = {**BROWSER, "Host": "hesap-paylas.onrender.com"}
        headers |= {"Content-Type": "application/json"} if body else {}
        connection = HTTPConnection("127.0.0.1", int(listening.rpartition(":")[2]), timeout=60)
        with closing(connection):
            text = json.dumps(body) if body else None
            connection.request("POST" if body else "GET", path, text, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def status(self, path: str) -> int:
        """Return the status of a GET; 0 is no answer."""
        try:
            return self.ask(path).status
        except (OSError, HTTPException):
            return 0


@dataclass(frozen=True)
class Service:
    """A web service with its database."""

    image: str
    database: ManagedPostgres

    def run(self, *flags: str, command: str = "", database: str = "") -> str:
        """Run the image with a command, or with its own."""
        given = environment(BLUEPRINT) | {"DATABASE_URL": self.url(database)}
        variables = [word for name in given for word in ("--env", f"{name}={given[name]}")]
        words = shlex.split(command)
        result = run("docker", "run", *flags, *variables, self.image, *words, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def start(self, *, command: str = "", database: str = "") -> Instance:
        """Start an instance and wait until its port is bound."""
        name = f"{self.database.name}-{secrets.token_hex(3)}"
        where = ("--detach", "--name", name, "--publish", "127.0.0.1::10000")
        self.run(*where, command=command, database=database)
        instance = Instance(name)
        wait_for(lambda: instance.status("/api/live") == 200, "the instance to answer")
        return instance

    def url(self, database: str = "") -> str:
        """Return the address of a database of the server."""
        return f"{self.database.url.rpartition('/')[0]}/{database or LOGIN}"

    def new_database(self) -> str:
        """Make an empty database of the customer's."""
        name = f"empty_{secrets.token_hex(3)}"
        self.database.sql(f"CREATE DATABASE {name} OWNER {LOGIN}")
        return name


@pytest.fixture(scope="module")
def service(built: Stack) -> Iterator[Service]:
    """Give the service, and take its instances away at the end."""
    # As many connections as the Blueprint's plan has.
    with managed_postgres(f"{built.name}-render", connections=100) as server:
        try:
            yield Service(f"{built.name}:blue", server)
        finally:
            listed = docker("ps", "--all", "--quiet", "--filter", f"name={server.name}-")
            if listed:
                run("docker", "rm", "--force", *listed.split(), check=False)


@pytest.fixture(scope="module")
def running(service: Service) -> Instance:
    """Give an instance that people use, on a database that was migrated before."""
    service.run("--rm", command=WEB["preDeployCommand"])
    return service.start()


def test_a_first_deploy_migrates_and_then_serves(service: Service) -> None:
    instance = service.start()
    before = instance.ask("/api/ready")
    reason = json.loads(before.body)["reason"]

    said = service.run("--rm", command=WEB["preDeployCommand"])

    assert (before.status, reason.partition(":")[0]) == (503, "the schema is missing")
    assert "expand_0001" in said
    wait_for(lambda: instance.status(WEB["healthCheckPath"]) == 200, "the health check")


def test_the_pre_deploy_command_of_the_next_deploy_finds_nothing_to_do(
    service: Service, running: Instance
) -> None:
    again = service.run("--rm", command=WEB["preDeployCommand"])

    assert "nothing to do" in again


def test_people_sign_up_and_their_cookies_are_for_https(
    service: Service, running: Instance
) -> None:
    person = {"email": "ana@example.com", "password": secrets.token_urlsafe(16)}

    page = running.ask("/login")
    signed_up = running.ask("/api/v1/auth/signup", **person, display_name="Ana")

    assert page.status == 200
    assert "__Host-session=" in str(page.headers["Set-Cookie"])
    assert "Secure" in str(page.headers["Set-Cookie"])
    assert page.headers["Strict-Transport-Security"]
    assert signed_up.status == 201
    assert service.database.sql("SELECT count(*) FROM users", LOGIN) == "1"


def test_an_old_and_a_new_instance_serve_side_by_side(service: Service, running: Instance) -> None:
    new = service.start()

    assert [i.status(WEB["healthCheckPath"]) for i in (running, new)] == [200, 200]


def test_an_instance_that_is_told_to_stop_stops_well_in_time(service: Service) -> None:
    instance = service.start()

    # After that time the engine kills it, which is another exit code.
    docker("stop", "--time", str(WEB["maxShutdownDelaySeconds"] // 2), instance.name)

    assert docker("inspect", "-f", "{{.State.ExitCode}}", instance.name) == "0"


def test_without_a_pre_deploy_command_the_start_migrates(service: Service) -> None:
    database = service.new_database()

    instance = service.start(command=MIGRATE_AND_SERVE, database=database)

    wait_for(lambda: instance.status(WEB["healthCheckPath"]) == 200, "the health check")
    # Told to stop, it is gunicorn that hears it, not the shell.
    docker("stop", "--time", "20", instance.name)
    assert docker("inspect", "-f", "{{.State.ExitCode}}", instance.name) == "0"


def test_nothing_secret_reaches_the_log(service: Service, running: Instance) -> None:
    running.ask("/login")

    logged = run("docker", "logs", running.name)

    assert service.database.password not in logged.stdout + logged.stderr
    assert environment(BLUEPRINT)["SECRET_KEY"] not in logged.stdout + logged.stderr
