"""Ask the app in this container: print what it answers and exit 0 if that is a 200.

    python /app/healthcheck.py [PATH]        the path is /api/live unless told

Standard library only: the image holds no shell tool that could do it.
"""

import sys
from http.client import HTTPConnection, HTTPException


def ask(path: str, port: int = 8000) -> tuple[int, str]:
    """Return the status and the body of one GET, within two seconds."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path, headers={"User-Agent": "healthcheck"})
        response = connection.getresponse()
        return response.status, response.read(65536).decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        return 0, f"no answer: {error}"
    finally:
        connection.close()


if __name__ == "__main__":
    status, body = ask(sys.argv[1] if len(sys.argv) > 1 else "/api/live")
    sys.stdout.write(body.rstrip("\n") + "\n")
    raise SystemExit(status != 200)
