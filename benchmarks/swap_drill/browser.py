"""Somebody who has a page open while the release behind it changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.swap_drill.drill import Pages
from benchmarks.swap_drill.world import World
from tests.fix_missing import find_browser

# Every file that the page named when it was loaded.
_NAMED = """() => [...document.querySelectorAll('link[href], script[src], img[src]')]
  .map(node => node.href || node.src)"""


class OpenPage(Pages):
    """A form that was loaded from one release and is sent to the next."""

    def __init__(self, page: Page, url: str, form: str) -> None:
        self._page = page
        self._url = url
        self._form = form
        self._sent = 0

    def before(self) -> None:
        """Open the form and fill it in."""
        self._page.goto(self._url + self._form)
        self._sent += 1
        self._page.fill("[name=title]", f"page-{self._sent}")
        self._page.fill("[name=total]", "12.50")

    def after(self) -> list[str]:
        """Load its files again and send it."""
        wrong = self._missing_files()
        with self._page.expect_navigation():
            self._page.click("main form button")
        if f"page-{self._sent}" not in self._page.content():
            wrong.append(f"form {self._sent} was not taken: {self._page.title()}")
        return wrong

    def _missing_files(self) -> list[str]:
        # Asked for beside the page and not by a script in it: the page forbids itself to fetch.
        named: list[str] = self._page.evaluate(_NAMED)
        answers = {url: self._page.request.get(url).status for url in named}
        wrong = [f"{url}: {status}" for url, status in answers.items() if status != 200]
        return wrong if named else ["the page names no file"]


@contextmanager
def open_page(world: World) -> Iterator[OpenPage]:
    """Log in with a browser and give a page of it."""
    url = f"http://127.0.0.1:{world.port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        try:
            yield OpenPage(_logged_in(browser, world, url), url, form_of(world))
        finally:
            browser.close()


def form_of(world: World) -> str:
    """Return the path of the form that adds an order."""
    return f"/groups/{world.groups[0].id}/orders/new"


def _logged_in(browser: Browser, world: World, url: str) -> Page:
    page = browser.new_page()
    page.goto(f"{url}/login")
    page.fill("[name=email]", world.email)
    page.fill("[name=password]", world.password)
    page.click("main form button")
    page.wait_for_url("**/groups")
    return page
