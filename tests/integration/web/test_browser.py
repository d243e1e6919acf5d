"""A person with a real browser, on a real server: from signing up to who owes whom."""

import pytest

from backend.migrate import upgrade
from tests.fix_missing import find_browser
from tests.live_server import serve

pytestmark = pytest.mark.browser


@pytest.fixture
def page(database_url, tmp_path):
    from playwright.sync_api import sync_playwright

    upgrade(database_url)
    browser = find_browser()
    assert browser is not None
    with serve(database_url, tmp_path, WEB_WORKERS="1") as server, sync_playwright() as playwright:
        # Root may not use Chromium's sandbox; what it opens here is our own server.
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        context = chromium.new_context(viewport={"width": 390, "height": 844}, base_url=server.url)
        yield context.new_page()
        chromium.close()


def test_signing_up_sharing_a_bill_and_seeing_who_owes(page):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on(
        "requestfailed", lambda request: complaints.append(f"{request.method} {request.failure}")
    )

    page.goto("/")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Your name").fill("Ayşe")
    page.get_by_label("E-mail").fill("ayse@example.com")
    page.get_by_label("Password").fill("a few good words")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_label("Name").fill("Flat 7")
    page.get_by_role("button", name="Make the group").click()
    page.get_by_text("Add a member").click()
    page.get_by_label("Name", exact=True).fill("İpek")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Add an order").click()
    page.get_by_label("What was it?").fill("Dinner")
    page.get_by_label("Total").fill("12,50")
    page.get_by_role("button", name="Add the order").dblclick()

    page.get_by_text("You get back").wait_for()
    assert page.get_by_text("You get back").inner_text() == "You get back ₺6.25"
    assert page.get_by_text("your share ₺6.25").count() == 1
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    # At the second click the browser gives the first request up, if it has no answer yet.
    assert set(complaints) <= {"POST net::ERR_ABORTED"}


def test_a_choice_shows_only_what_belongs_to_it(page):
    page.goto("/signup")
    page.get_by_label("Your name").fill("Ayşe")
    page.get_by_label("E-mail").fill("ayse@example.com")
    page.get_by_label("Password").fill("a few good words")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_label("Name").fill("Flat 7")
    page.get_by_role("button", name="Make the group").click()
    page.get_by_role("link", name="Add an order").click()

    equal = (page.locator(".when-equal").is_visible(), page.locator(".when-exact").is_visible())
    page.get_by_text("Exact amounts").click()
    exact = (page.locator(".when-equal").is_visible(), page.locator(".when-exact").is_visible())

    assert (equal, exact) == ((True, False), (False, True))
