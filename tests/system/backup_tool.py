"""The tool of a stack's backups, as an operator runs it, and ways to harm what it has written."""

import json
from subprocess import CompletedProcess
from typing import Any

from tests.polling import wait_for
from tests.system.stack import Stack

PROGRAM = ("/opt/venv/bin/python", "/app/backend/db_backup.py")
# On the scratch disk: the service never looks there, and so heals nothing behind a test's back.
COPY = "/scratch/copy"
_ANOTHER_AT_WORK = 75
KILLED = "137"
# What is started inside the container goes on by itself when only the tool is killed.
_KILL = """
    /opt/venv/bin/python /app/backend/db_backup.py {command} >/dev/null 2>&1 &
    until ls {sign} >/dev/null 2>&1; do
      kill -0 $! 2>/dev/null || {{ wait $! || echo $?; exit 0; }}
      sleep 0.02
    done
    kill -9 $!; wait $! || echo $?"""
# While pgBackRest copies, and while the restored server runs.
KILL_A_BACKUP = _KILL.format(
    command="create --type full", sign="/backups/*/pgbackrest-locks/app-backup*.lock"
)
KILL_A_DRILL = _KILL.format(command="drill", sign="/scratch/cluster/postmaster.pid")


class BackupTool:
    """Commands in the running container of the service `backup`."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def run(self, *words: str, blocks: int | None = None, **environ: str) -> CompletedProcess[str]:
        """Run a command with variables of a test's own; with files of so many half kB at most."""
        settings = [f"{name}={value}" for name, value in environ.items()]
        command = ["env", *settings, *PROGRAM, *words]
        if blocks is not None:
            command = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *command]
        return self.stack.exec("backup", *command, check=False)

    def answer(self, *words: str) -> dict[str, Any]:  # what json.loads gives
        """Return the JSON of a command that must succeed; the service may have to end first."""
        done = wait_for(lambda: self._turn(*words, "--json"), "the service to end its job", every=1)
        assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _turn(self, *words: str) -> CompletedProcess[str] | None:
        """Run a command; None if another one is at work."""
        done = self.run(*words)
        return None if done.returncode == _ANOTHER_AT_WORK else done

    def shell(self, script: str, stdin: str | None = None) -> str:
        """Run a shell script where the tool runs; `$full` is the newest full backup in the copy."""
        prelude = (
            f"set -eu; cd {COPY}/*/repository 2>/dev/null || cd /backups/*/repository;"
            " full=$(ls -d backup/app/*F | tail -n 1); "
        )
        return self.stack.exec("backup", "sh", "-c", prelude + script, stdin=stdin).stdout.strip()

    def killed(self, script: str) -> str | None:
        """Run a script that kills a command, and return how that ended; None if it had no turn."""
        code = self.shell(script)
        return None if code == str(_ANOTHER_AT_WORK) else code or "0"

    def copy(self) -> None:
        """Copy the folder of all backups, to be harmed."""
        self.stack.exec("backup", "sh", "-c", f"rm -rf {COPY}; cp -a /backups {COPY}")

    def forget_copy(self) -> None:
        """Remove the copy."""
        self.stack.exec("backup", "rm", "-rf", COPY)
