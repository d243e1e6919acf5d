"""What a shadow is made for, and what is refused before or after rows are in it."""

import pytest

from backend.errors import RefusedError
from backend.tablecopy.shadow.indexes import build_indexes
from backend.tablecopy.shadow.schema import create_shadow, drop_shadow, left_over_shadows
from backend.tablecopy.violations import ViolationKind, ViolationsError
from tests.integration.tablecopy.shadow.rich import TABLES, filled
from tests.integration.tablecopy.snapshot import schemas


def test_a_target_with_rows_is_refused(session, target):
    session.execute("INSERT INTO note VALUES ('mine')")

    with pytest.raises(RefusedError, match=r"not empty: note \(1\)"):
        create_shadow(session, "Shop", TABLES)

    assert schemas(session) == []


def test_every_row_that_breaks_a_constraint_is_named_with_its_dependants(session, target):
    shadow = filled(
        session,
        target,
        "INSERT INTO person (id, email, name) VALUES (8, 'BO@x', 'B'), (9, 'bo@X', 'ghost')",
        'INSERT INTO "Order" VALUES (8, 1, 10, NULL, 1), (99, 3, 20, now(), 2), (1, 5, 1, now() + make_interval(days => 1), -1)',
        'INSERT INTO line (id, "userId", "order") VALUES (50, 8, 1), (51, NULL, 1)',
        "INSERT INTO node VALUES (3, 77, NULL), (1, NULL, NULL)",
    )

    with pytest.raises(ViolationsError) as offending:
        build_indexes(shadow, target, rows={})

    named = {(one.table, one.key, one.kind, one.constraint) for one in offending.value.found.rows}
    assert named == {
        ("person", "7", ViolationKind.DUPLICATE, "person_email"),
        ("person", "8", ViolationKind.DUPLICATE, "person_email"),
        ("node", "1", ViolationKind.DUPLICATE, "node_pkey"),
        ("node", "3", ViolationKind.ORPHAN, "node_parent_fkey"),
        ("Order", "99, 3", ViolationKind.ORPHAN, "owned"),
        ("line", "51", ViolationKind.ORPHAN, "line_userId_order_fkey"),
        ("Order", "1, 5", ViolationKind.CHECK, "Order_price_check"),
        ("Order", "7, 1", ViolationKind.DEPENDANT, "owned"),
        ("Order", "8, 1", ViolationKind.DEPENDANT, "owned"),
        ("node", "1", ViolationKind.DEPENDANT, "node_head_fkey"),
        ("node", "1", ViolationKind.DEPENDANT, "node_parent_fkey"),
        ("node", "2", ViolationKind.DEPENDANT, "node_parent_fkey"),
        ("line", "50", ViolationKind.DEPENDANT, "line_userId_order_fkey"),
    }


def test_a_left_over_shadow_is_found_and_removed(session, target):
    shadow = create_shadow(session, "Shop", TABLES)

    found = left_over_shadows(session, "Shop")
    drop_shadow(session, shadow.name)

    assert found == [shadow.name]
    assert left_over_shadows(session, "Shop") == []
