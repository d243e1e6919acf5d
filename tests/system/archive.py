"""The archive of a stack's database, as a test sees it."""

from tests.polling import wait_for
from tests.system.stack import Stack

ARCHIVE = "repository/archive/app/17-1"


def cluster(stack: Stack) -> str:
    """Return the number of the cluster, which is the name of its folder."""
    return stack.sql("SELECT system_identifier FROM pg_control_system()")


def archived(stack: Stack) -> list[str]:
    """Return the files of the archive of the stack's cluster."""
    script = f"find /backups/{cluster(stack)}/{ARCHIVE} -type f"
    return stack.exec("db", "sh", "-c", script, check=False).stdout.split()


def wait_for_archive(stack: Stack) -> None:
    """Wait until `backup` has made the repository, and the database has begun to fill it."""
    wait_for(lambda: archived(stack), "the first file in the archive")
