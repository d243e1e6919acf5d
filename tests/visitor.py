"""A person with a browser that has no JavaScript: reads pages, fills in forms."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.actors import PASSWORD, Actor


@dataclass
class PageForm:
    """A form as it came: where it goes, and what a browser would send untouched."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: list[PageForm] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(PageForm(given.get("action", self.path)))
        if not self.forms:
            return
        fields = self.forms[-1].fields
        if tag == "input" and (
            given.get("type") not in {"checkbox", "radio"} or "checked" in given
        ):
            fields.setdefault(given["name"], []).append(given.get("value", ""))
        if tag == "select":
            self.select = given["name"]
        if tag == "option" and ("selected" in given or self.select not in fields):
            fields[self.select] = [given["value"]] if "value" in given else []
        if tag == "textarea":
            fields[given["name"]] = [""]

    def handle_data(self, data: str) -> None:
        if self.select and self.forms and self.forms[-1].fields.get(self.select) == []:
            self.forms[-1].fields[self.select] = [data.strip()]


class Visitor:
    """Somebody who looks at pages."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def form(self, path: str, action: str = "") -> PageForm:
        """Return the form of a page that goes to `action`."""
        return self.form_in(self.get(path), action or path)

    def form_in(self, page: TestResponse, wanted: str) -> PageForm:
        """Return the form in a page that came that goes to `wanted`."""
        parser = _Forms(page.request.path)
        parser.feed(page.get_data(as_text=True))
        return next(form for form in parser.forms if form.action.split("?")[0] == wanted)

    def send(self, form: PageForm, **values: str | list[str]) -> TestResponse:
        """Send the form with some of its fields filled in."""
        return self.client.post(form.action, data=form.fields | values)

    def log_in(self, actor: Actor) -> TestResponse:
        return self.send(self.form("/login"), email=actor.person.email, password=PASSWORD)


def text_of(page: TestResponse) -> str:
    """Return what people read on a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.get_data(as_text=True)))
