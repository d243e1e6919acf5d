"""Print the release of the tree in the folder given: its version and a digest of its files.

Runs while the image is built. The same files give the same release on every machine, whatever
their times and modes are; the result is also valid as the tag of an image.
"""

import runpy
import sys
from hashlib import sha256
from pathlib import Path


def release(root: Path) -> str:
    """Return `VERSION-DIGEST` of everything under `root`, bytecode aside."""
    digest = sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p != root / "VERSION"):
        if "__pycache__" not in path.parts:
            content = sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    version = runpy.run_path(str(root / "backend" / "version.py"))["__version__"]
    return f"{version}-{digest.hexdigest()[:10]}"


if __name__ == "__main__":
    sys.stdout.write(release(Path(sys.argv[1])) + "\n")
