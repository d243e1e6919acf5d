"""The health check of the service that backs up: what it has found out last.

    python -IS /app/backend/backup/health_check.py [FILE]

It runs every half minute for ever, so it imports nothing that is not compiled into Python: with the
tool's own modules it would take fifty times the processor's time.
"""

import sys
import time

# Memory of the container: a service that was started anew has not looked yet.
HEALTH_FILE = "/tmp/backup-health"  # noqa: S108 - a tmpfs of the container's own
# A night, and some time for a long backup.
PROOF_LASTS_SECONDS = 26 * 3600
FOUND_WANTING = 3


def standing_alarms(path: str, now: float) -> list[str]:
    """Return the alarms of a file: the time of the look, and an alarm in each line behind it.

    There is none before the service has looked for the first time. A service that hangs says
    nothing new: what it said last counts for no longer than a proof.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
            first, *found = file.read().splitlines()
        at = float(first)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        return [f"the health file cannot be read: {error}"]
    if now - at > PROOF_LASTS_SECONDS:
        looked = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
        found.append(f"the service has not looked since {looked}")
    return found


if __name__ == "__main__":
    standing = standing_alarms(sys.argv[1] if len(sys.argv) > 1 else HEALTH_FILE, time.time())
    sys.stdout.writelines(f"{line}\n" for line in standing)
    raise SystemExit(FOUND_WANTING if standing else 0)
