"""Which release this is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__version__ = "0.1.0"

# Written while the image is built: the version and a digest of the very files in the image,
# so that two builds of the same tree are the same release and any other tree is another one.
_BUILT = Path(__file__).resolve().parent.parent / "VERSION"


@cache
def release() -> str:
    """Return the release that the image was built as, or the plain version with `-dev`."""
    try:
        return _BUILT.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return f"{__version__}-dev"
