"""The templates keep to the policy that the pages are sent with."""

import re
from pathlib import Path

import backend.web

TEMPLATES = Path(backend.web.__file__).parent / "templates"


def test_no_template_needs_what_the_policy_forbids():
    templates = TEMPLATES.glob("*.html")
    pages = {path.name: path.read_text(encoding="utf-8") for path in templates}

    found = [
        name
        for name, page in pages.items()
        if re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=", page)
    ]
    assert len(pages) >= 6
    assert found == []
