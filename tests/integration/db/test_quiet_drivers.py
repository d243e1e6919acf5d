"""What a driver cannot do any more on a lost connection is no news for a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Rows of a cursor in a transaction, the way that a comparison reads them; then the server is gone.
LOSES = """
import gc, os, sys
import click
import psycopg
from backend.cli.shell import run
from backend.errors import DatabaseError

def rows(session):
    with session.transaction(), session.cursor(name="some") as cursor:
        cursor.itersize = 2
        yield from cursor.execute("SELECT generate_series(1, 100)")

def sent(session):
    with session.cursor() as cursor, cursor.copy("COPY kept FROM STDIN") as copy:
        while True:
            copy.write(b"1\\n" * 1000)
            yield

@click.command("lose")
@click.argument("way")
def lose(way):
    with psycopg.connect(os.environ["WHERE"], autocommit=True) as session:
        session.execute("CREATE TEMP TABLE kept (n int)")
        going_on = {"rows": rows, "sent": sent}[way](session)
        next(going_on)
        with psycopg.connect(os.environ["WHERE"], autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (session.info.backend_pid,))
        del going_on
        gc.collect()
        raise DatabaseError("the connection is lost")

sys.exit(run(lose))
"""


@pytest.mark.parametrize("way", ["rows", "sent"])
def test_only_our_own_sentence_reaches_the_terminal(postgres_server, way) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOSES, way],
        cwd=ROOT,
        env={"WHERE": postgres_server.url.conninfo()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 69, ran.stderr
    assert ran.stderr == "error: the connection is lost\n"
