"""Ask the release in this container for pages as a user would; runs inside it, from standard input.

Takes a JSON list of expectations and prints one line for each that does not hold.
"""

import json
import re
import sys
from http.client import HTTPConnection, HTTPException


def ask(method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Return the status and the text of one request."""
    connection = HTTPConnection("127.0.0.1", 8000, timeout=10)
    try:
        connection.request(method, path, headers={"User-Agent": "smoke-test", **headers})
        response = connection.getresponse()
        return response.status, response.read(1 << 20).decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        return 0, f"no answer: {error}"
    finally:
        connection.close()


def complaint(expectation: dict[str, str]) -> str:
    """Return what is wrong with an answer, and the page's assets if it names a pattern for them."""
    method, path = expectation.get("method", "GET"), expectation["path"]
    headers = (
        {"Authorization": expectation["authorization"]} if "authorization" in expectation else {}
    )
    status, text = ask(method, path, headers)
    wanted = int(expectation["status"])
    if status != wanted:
        return f"{method} {path} answered {status or text}, expected {wanted}"
    if expectation.get("contains", "") not in text:
        return f"{method} {path} does not contain {expectation['contains']!r}"
    return asset_complaint(path, text, expectation["assets"]) if "assets" in expectation else ""


def asset_complaint(path: str, text: str, pattern: str) -> str:
    """Return what is wrong with the files a page loads."""
    assets = re.findall(pattern, text)
    if not assets:
        return f"GET {path} names no asset"
    for asset in assets:
        status, _ = ask("GET", asset.replace("&amp;", "&"), {})
        if status != 200:
            return f"GET {path} needs {asset}, which answered {status}"
    return ""


if __name__ == "__main__":
    complaints = [text for text in map(complaint, json.loads(sys.argv[1])) if text]
    sys.stdout.write("\n".join(complaints) + "\n")
    raise SystemExit(bool(complaints))
