"""A person with a real browser, on a real server: from signing up to who owes whom."""

import itertools
from contextlib import ExitStack
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from backend.config.database_url import DatabaseUrl
from backend.migrate import upgrade
from tests.fix_missing import find_browser
from tests.live_server import serve
from tests.polling import PATIENCE

pytestmark = pytest.mark.browser
# What a browser does with a page does not depend on the database behind it.
one_engine = pytest.mark.parametrize("server", ["sqlite"], indirect=True)

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def chromium():
    """One browser for this file: each test has a context of its own in it."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    assert path is not None
    with sync_playwright() as playwright:
        # Root may not use Chromium's sandbox; what it opens here is our own server.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request, tmp_path_factory):
    """One server for each engine: each test has a person of its own on it."""
    folder = tmp_path_factory.mktemp("browser")
    database = DatabaseUrl("sqlite", path=folder / "test.db")
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_server").new_database()
    upgrade(database)
    with serve(database, folder, WEB_WORKERS="1") as running:
        yield running


@pytest.fixture
def context(chromium, server):
    from playwright.sync_api import ViewportSize

    with ExitStack() as contexts:

        def new(**options):
            phone = ViewportSize(width=390, height=844)
            made = chromium.new_context(viewport=phone, base_url=server.url, **options)
            made.set_default_timeout(1000 * PATIENCE)
            contexts.callback(made.close)
            return made

        yield new


@pytest.fixture
def page(context):
    return context().new_page()


@pytest.fixture
def address():
    return f"ayse{next(_numbers)}@example.com"


def sign_up(page, address) -> None:
    """Make an account and a group, and stay there."""
    page.goto("/signup")
    fill_in(page, address)


def fill_in(page, address) -> None:
    """Fill in the form for an account, then the one for a group."""
    page.get_by_label("Your name").fill("Ayşe")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password").fill("a few good words")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_label("Name").fill("Flat 7")
    page.get_by_role("button", name="Make the group").click()


def begin_order(page) -> None:
    """Go to the form for an order, and stay there until all that belongs to it has come."""
    page.get_by_role("link", name="Add an order").click()
    page.get_by_label("Total").wait_for()
    page.wait_for_load_state("load")


def test_signing_up_sharing_a_bill_and_seeing_who_owes(page, address):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on(
        "requestfailed", lambda request: complaints.append(f"{request.method} {request.failure}")
    )

    page.goto("/")
    page.get_by_role("link", name="Sign up").click()
    fill_in(page, address)
    page.get_by_text("Add a member").click()
    page.get_by_label("Name", exact=True).fill("İpek")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Add an order").click()
    page.get_by_label("What was it?").fill("Dinner")
    page.get_by_label("Total").fill("12,50")
    page.get_by_role("button", name="Add the order").dblclick()

    page.get_by_text("You get back").wait_for()
    page.wait_for_load_state("load")
    assert page.get_by_text("You get back").inner_text() == "You get back ₺6.25"
    assert page.get_by_text("your share ₺6.25").count() == 1
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    # At the second click the browser gives the first request up, if it has no answer yet.
    assert set(complaints) <= {"POST net::ERR_ABORTED"}


@one_engine
def test_a_choice_shows_only_what_belongs_to_it(page, address):
    sign_up(page, address)
    begin_order(page)

    equal = (page.locator(".when-equal").is_visible(), page.locator(".when-exact").is_visible())
    page.get_by_text("Exact amounts").click()
    exact = (page.locator(".when-equal").is_visible(), page.locator(".when-exact").is_visible())

    assert (equal, exact) == ((True, False), (False, True))


@one_engine
def test_the_day_is_the_one_where_the_person_is(context, address):
    days: dict[str, bool] = {}
    # On one of the two it is always another day than on the server.
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        page = context(timezone_id=zone).new_page()
        if days:
            log_in(page, address)
        else:
            sign_up(page, address)
        before = datetime.now(ZoneInfo(zone)).date()
        begin_order(page)
        shown = page.get_by_label("Day").input_value()
        days[zone] = shown in {before.isoformat(), datetime.now(ZoneInfo(zone)).date().isoformat()}

    assert days == {"Pacific/Kiritimati": True, "Pacific/Pago_Pago": True}


@one_engine
def test_without_javascript_the_day_can_still_be_chosen(context, address):
    page = context(java_script_enabled=False).new_page()
    sign_up(page, address)
    begin_order(page)

    assert page.get_by_label("Day").input_value()


@one_engine
def test_a_refusal_is_seen_and_read_at_once(page, address):
    sign_up(page, address)
    page.get_by_text("Add a member").click()
    page.get_by_label("Name", exact=True).fill("\u200b")
    page.get_by_role("button", name="Add", exact=True).click()

    page.locator(".refusal:focus").wait_for()
    assert page.evaluate("document.activeElement.className") == "refusal"
    top, height = page.evaluate(
        "[document.activeElement.getBoundingClientRect().top, window.innerHeight]"
    )
    assert 0 <= top < height
    page.goto(page.url)
    assert page.get_by_role("heading", name="Flat 7").count() == 1


@one_engine
def test_with_colours_of_the_system_the_choice_and_the_button_are_seen(context, address):
    page = context(forced_colors="active").new_page()
    sign_up(page, address)
    begin_order(page)
    background = "element => getComputedStyle(element).backgroundColor"
    border = "element => getComputedStyle(element).borderTopWidth"

    chosen, other = (
        page.locator(f"#{mode} + span").evaluate(background) for mode in ("equal", "exact")
    )
    button = page.get_by_role("button", name="Add the order").evaluate(border)

    assert chosen != other
    assert button != "0px"


@one_engine
def test_on_paper_orders_are_open_and_nothing_can_be_pressed(page, address):
    sign_up(page, address)
    begin_order(page)
    page.get_by_label("What was it?").fill("Dinner")
    page.get_by_label("Total").fill("12,50")
    page.get_by_label("Note").fill("with tea")
    page.get_by_role("button", name="Add the order").click()
    page.get_by_text("Order added.").wait_for()
    page.wait_for_load_state("load")

    page.emulate_media(media="print")

    assert page.get_by_text("with tea").is_visible()
    assert page.get_by_text("Balances").is_visible()
    assert (
        page.locator("button:visible, .button:visible, summary:visible", has_text="Add").count()
        == 0
    )
    assert page.get_by_role("button").count() == 0


def log_in(page, address) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password").fill("a few good words")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Flat 7").click()
