"""Lists come page by page, each row once, whatever is added meanwhile."""

import base64

from tests.actors import GroupOfTest


def walk(flat: GroupOfTest, what: str, limit: int) -> list[list[str]]:
    """Follow next_cursor to the end."""
    pages, path = [], f"{flat.path}/{what}?limit={limit}"
    while True:
        answer = flat.owner.get(path)
        body = answer.get_json()
        pages.append([item.get("title") or item["id"] for item in body["items"]])
        if body["next_cursor"] is None:
            assert "Link" not in answer.headers
            return pages
        path = answer.headers["Link"].removeprefix("<").split(">")[0]


def test_orders_come_by_day_and_each_once(flat):
    days = {"a": "2026-01-02", "b": "2026-01-03", "c": "2026-01-03", "d": "2026-01-01"}
    for title, day in days.items():
        flat.add_order(title=title, ordered_on=day)

    assert walk(flat, "orders", 1) == [["c"], ["b"], ["a"], ["d"]]
    assert walk(flat, "orders", 2) == [["c", "b"], ["a", "d"]]
    assert walk(flat, "orders", 3) == [["c", "b", "a"], ["d"]]
    assert walk(flat, "orders", 4) == [["c", "b", "a", "d"]]


def test_a_row_added_meanwhile_moves_no_other(flat):
    for title in "abc":
        flat.add_order(title=title)

    first = flat.owner.get(f"{flat.path}/orders?limit=2").get_json()
    flat.add_order(title="new")
    second = flat.owner.get(f"{flat.path}/orders?limit=2&cursor={first['next_cursor']}").get_json()

    assert [order["title"] for order in first["items"]] == ["c", "b"]
    assert [order["title"] for order in second["items"]] == ["a"]


def test_members_and_groups_come_page_by_page_too(flat):
    members = [flat.me, *(flat.add_member(name) for name in "abc")]
    others = [flat.owner.make_group(name).id for name in "xy"]

    groups = flat.owner.get("/api/v1/groups?limit=2").get_json()

    assert walk(flat, "members", 3) == [members[:0:-1], members[:1]]
    assert [group["id"] for group in groups["items"]] == others[::-1]


def test_a_page_that_nobody_gave_out_is_refused(flat):
    wrong = [
        "limit=0", "limit=101", "limit=x", "limit=1.5", "cursor=x", "cursor=", "cursor=W10",
        "cursor=WyJhIiwiYiJd", "cursor=bnVsbA", "cursor=%00", "cursor=é", "limit=1&cursor=eyJhIjoxfQ",
        f"cursor={base64.urlsafe_b64encode(b'[' * 1200).decode()}",
        f"cursor={base64.urlsafe_b64encode(b'[' * 150).decode()}",
    ]  # fmt: skip

    answers = [flat.owner.get(f"{flat.path}/orders?{query}").status_code for query in wrong]

    assert answers == [422] * len(wrong)
