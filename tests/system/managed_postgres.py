"""A Postgres as a hoster runs it: TLS or nothing, few connections, a login without any power."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Self

import psycopg

from tests.polling import wait_for
from tests.system.stack import docker, run

CONNECTIONS = 20
LOGIN = "bills"

# Its own authority signs its certificate, for the address that containers find it under.
_START = """
set -eu
mkdir /tls && cd /tls
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj "/CN=$ADDRESS" -keyout server.key -out server.csr
printf 'subjectAltName=IP:%s\\n' "$ADDRESS" >names
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile names -out server.pem
printf '%s\\n' 'local all all peer' 'hostssl all all all scram-sha-256' >pg_hba.conf
chown -R postgres /tls
exec docker-entrypoint.sh postgres -c hba_file=/tls/pg_hba.conf -c max_connections=$CONNECTIONS \
  -c ssl=on -c ssl_cert_file=/tls/server.pem -c ssl_key_file=/tls/server.key
"""


@dataclass
class ManagedPostgres:
    """One server in a container that belongs to no stack; it is reached through the host."""

    name: str
    address: str
    connections: int = CONNECTIONS
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def start(self) -> None:
        """Start it, and make the one login that its customer gets."""
        settings = {
            "ADDRESS": self.address,
            "CONNECTIONS": str(self.connections),
            "POSTGRES_PASSWORD": self.password,
        }
        flags = [word for key, value in settings.items() for word in ("--env", f"{key}={value}")]
        where = ("--name", self.name, "--publish", f"{self.address}::5432")
        image = ("--entrypoint", "sh", "postgres:17-trixie", "-c", _START)
        docker("run", "--detach", *where, *flags, *image)
        # Over TCP: while it sets itself up it listens on its socket alone.
        wait_for(self._is_up, "the managed database")
        self.sql(f"CREATE ROLE {LOGIN} LOGIN PASSWORD '{self.password}'")
        self.sql(f"CREATE DATABASE {LOGIN} OWNER {LOGIN}")

    def remove(self) -> None:
        """Take it away, with its data."""
        run("docker", "rm", "--force", "--volumes", self.name, check=False)

    @property
    def port(self) -> int:
        """Return the port of the host that leads to it."""
        return int(docker("port", self.name, "5432/tcp").rpartition(":")[2])

    @property
    def url(self) -> str:
        """Return the address that its customer gets."""
        return f"postgres://{LOGIN}:{self.password}@{self.address}:{self.port}/{LOGIN}"

    @property
    def authority(self) -> str:
        """Return the certificate that its own is signed with."""
        return docker("exec", self.name, "cat", "/tls/ca.pem")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Return what the superuser's psql prints, unaligned; customers have no such thing."""
        psql = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement)
        return docker("exec", "--user", "postgres", self.name, *psql)

    def _is_up(self) -> bool:
        ready = ("pg_isready", "--quiet", "--host=127.0.0.1")
        return run("docker", "exec", self.name, *ready, check=False).returncode == 0


@contextmanager
def managed_postgres(name: str, *, connections: int = CONNECTIONS) -> Iterator[ManagedPostgres]:
    """Give a server; take it away at the end."""
    server = ManagedPostgres(name, host_address(), connections)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def host_address() -> str:
    """Return the host's own address on Docker's default network; it is no container's."""
    subnet = docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "bridge")
    return str(ip_network(subnet)[1])


@dataclass
class Peak:
    """Looks again and again how many connections the customer has, and remembers the most."""

    server: ManagedPostgres
    authority: Path
    connections: int = 0
    plain: int = 0
    looks: int = 0
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        query = (
            "SELECT count(*), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_activity"
            f" JOIN pg_stat_ssl USING (pid) WHERE usename = '{LOGIN}'"
        )
        with psycopg.connect(
            host=self.server.address,
            port=self.server.port,
            user="postgres",
            password=self.server.password,
            sslmode="verify-full",
            sslrootcert=str(self.authority),
            autocommit=True,
        ) as connection:
            while not self._done.wait(0.05):
                row = connection.execute(query).fetchone()
                assert row is not None
                self.connections = max(self.connections, row[0])
                self.plain += row[1]
                self.looks += 1
