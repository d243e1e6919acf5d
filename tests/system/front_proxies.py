"""Proxies that an operator puts in front of the stack, configured as OPERATIONS says."""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import sleep

from tests.polling import wait_for
from tests.ports import free_port
from tests.system.stack import ROOT

GUIDE = ROOT / "docs/internal/OPERATIONS.md"
# So many sites, because each has connections of its own to the stack. Each client's gap is a little
# longer than the one before: one of them comes at the moment when it counts.
SITES = 120
APART = 0.0003
NAMES = tuple(f"site{number}.example.org" for number in range(SITES))


def recipe(language: str) -> str:
    """Return the guide's configuration for one proxy."""
    [found] = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


@contextmanager
def caddy(folder: Path, stack_port: int) -> Iterator[int]:
    """Run Caddy in front of a stack; give its port."""
    port = free_port()
    site = recipe("caddyfile").replace("8080", str(stack_port))
    sites = [site.replace("bill.example.org", f"http://{name}:{port}") for name in NAMES]
    file = folder / "Caddyfile"
    file.write_text("{\n  admin off\n}\n" + "\n".join(sites))
    with running(folder, port, "caddy", "run", "--adapter", "caddyfile", "--config", str(file)):
        yield port


@contextmanager
def nginx(folder: Path, stack_port: int) -> Iterator[int]:
    """Run nginx in front of a stack; give its port."""
    port = free_port()
    site = recipe("nginx").replace("8080", str(stack_port)).replace("443 ssl", f"127.0.0.1:{port}")
    site = "\n".join(line for line in site.splitlines() if "ssl_certificate" not in line)
    all_sites = "\n".join(
        site.replace("bill.example.org", name).replace("hesap_paylas", name) for name in NAMES
    )
    file = folder / "nginx.conf"
    paths = "".join(
        f"  {name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\n"
        f"events {{}}\nhttp {{\n  access_log off;\n{paths}{all_sites}\n}}\n"
    )
    with running(folder, port, "nginx", "-e", "stderr", "-c", str(file)):
        yield port


@contextmanager
def running(folder: Path, port: int, *command: str) -> Iterator[None]:
    """Run a program until it has served its purpose; its home is the folder."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    log = folder / "log"
    with log.open("w") as said:
        program = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        wait_for(lambda: status(port, "GET", NAMES[0]) or program.poll(), f"{command[0]} to answer")
        assert program.poll() is None, log.read_text()
        yield
    finally:
        program.terminate()
        program.wait(timeout=30)


def spaced_posts(port: int, gap: float) -> list[int]:
    """Send two POSTs with about this gap between them to each site; return what came of the second."""

    def client(number: int) -> int:
        first = status(port, "POST", NAMES[number])
        assert first == 401, first
        sleep(gap + (number - SITES / 2) * APART)  # the gap is what is tried
        return status(port, "POST", NAMES[number])

    with ThreadPoolExecutor(SITES) as clients:
        return list(clients.map(client, range(SITES)))


def status(port: int, method: str, site: str) -> int:
    """Return the status of a call that the app refuses; 0 if nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    body = b"{}" if method == "POST" else None
    headers = {"Host": site, "Content-Type": "application/json"}
    try:
        connection.request(method, "/api/v1/groups", body, headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
