"""What a JSON document becomes in `jsonb`, where no server is needed to tell."""

from collections import Counter

import pytest

from backend.schema.tables import Column, ColumnType
from backend.values.conversion import BadValueError, Casts
from backend.values.json_documents import Jsonb

JSONB = Jsonb(Column("v", ColumnType("jsonb", "jsonb"), not_null=False), Casts())


@pytest.mark.parametrize("inner", ["1.5", '{"a": 1.5}', "7", '"\\\\u0000"'])
def test_a_document_that_is_nested_too_deeply_is_a_bad_value(inner):
    deep = "[" * 100_000 + inner + "]" * 100_000
    # As deep as the parser goes, and deeper than what comes after it does.
    less_deep = '{"a": ' * 900 + "1.5" + "}" * 900

    for document in (deep, less_deep):
        with pytest.raises(BadValueError, match="nested too deeply"):
            JSONB.text(document, Counter())


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1E-99999999999999999999"])
def test_an_exponent_beyond_any_number_is_a_bad_value(number):
    with pytest.raises(BadValueError, match="more digits than numeric can hold"):
        JSONB.text(f"[{number}]", Counter())
