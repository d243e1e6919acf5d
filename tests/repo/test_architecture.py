"""The page about the architecture shows the rooms and the imports that there are."""

import re

from tests.repo.checkout import read
from tests.repo.import_picture import drawn, picture, rooms

PAGE = "docs/ARCHITECTURE.md"


def test_the_picture_is_that_of_the_imports() -> None:
    assert drawn() == picture(), "draw it again: python -m tests.repo.import_picture"


def test_each_room_has_a_line_and_each_line_a_room() -> None:
    described = re.findall(r"^\| `backend/(\w+)/` \|", read(PAGE), re.MULTILINE)

    assert sorted(described) == sorted(rooms())
