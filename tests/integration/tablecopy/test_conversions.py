"""What each family of types takes, how it arrives, and what is refused and why."""

import pytest

from tests.integration.tablecopy.carrying import AsText, carry, refused

INF = float("inf")

TAKEN = [
    pytest.param("smallint", [0, -32768, 32767, 5.0, "12", None], ["0", "-32768", "32767", "5", "12", None], id="smallint"),
    pytest.param("integer", [2**31 - 1, -(2**31)], ["2147483647", "-2147483648"], id="integer"),
    pytest.param("bigint", [2**63 - 1, -(2**63), -1.0], ["9223372036854775807", "-9223372036854775808", "-1"], id="bigint"),
    pytest.param("numeric(12,2)", [7, 12.5, 12.34, -0.5, "3.10", "3.1000", 9999999999.99, None, 0.0, -0.0, 0, "-0.00"], ["7.00", "12.50", "12.34", "-0.50", "3.10", "3.10", "9999999999.99", None, "0.00", "0.00", "0.00", "0.00"], id="money in all storage classes"),
    pytest.param("numeric(20,2)", [999999999999999.9, -99999999999999.9, 1e17], ["999999999999999.90", "-99999999999999.90", "100000000000000000.00"], id="money of sixteen digits"),
    pytest.param("numeric(18,6)", [0.1, 1234.000001, 5, 0.0, "0.000001"], ["0.100000", "1234.000001", "5.000000", "0.000000", "0.000001"], id="numeric with many decimals"),
    pytest.param("numeric(5,0)", [12345, 12.0, "7"], ["12345", "12", "7"], id="numeric without decimals"),
    pytest.param("numeric(3,-2)", [1200, "-300", 0], ["1200", "-300", "0"], id="numeric of whole hundreds"),
    pytest.param("numeric(2,4)", [0.0012, 0], ["0.0012", "0.0000"], id="numeric below one"),
    pytest.param("numeric", [0.1, 1e15, 12.0, "12.50", 10**18, 1e-7, 1 / 3], ["0.1", "1000000000000000", "12", "12.5", "1000000000000000000", "0.0000001", "0.3333333333333333"], id="numeric without bounds"),
    pytest.param("numeric", ["1E+5", "1e5", "-2.5E-3", "0E+9"], ["100000", "100000", "-0.0025", "0"], id="numeric with an exponent"),
    pytest.param("numeric(12,2)", ["1e2", "1.25E+1"], ["100.00", "12.50"], id="money with an exponent"),
    pytest.param("real", [0.5, 0.1, 3, 1e30, 1e-5, 123456.0, 1234567.0, INF, 16777216.0], ["0.5", "0.1", "3", "1e+30", "1e-05", "123456", "1.234567e+06", "Infinity", "1.6777216e+07"], id="real"),
    pytest.param("double precision", [123456789.123456789, 0.1 + 0.2, 1 / 3, 1e23, 5e-324, 2**53, 1e15, 1e14, 9.5367431640625e-07, 0.0001, INF, -INF, "0.5", 0.0, 7, 10**15], ["123456789.12345679", "0.30000000000000004", "0.3333333333333333", "9.999999999999999e+22", "5e-324", "9.007199254740992e+15", "1e+15", "100000000000000", "9.5367431640625e-07", "0.0001", "Infinity", "-Infinity", "0.5", "0", "7", "1e+15"], id="double precision"),
    pytest.param("boolean", [0, 1, 1.0, "true", "T", "False", "0", None], ["false", "true", "true", "true", "true", "false", "false", None], id="boolean"),
    pytest.param("text", ["", "a\tb", "a\nb", "a\r\nb", "\\N", "\\.", '"', '""', "a,b", "\U0001f642 çğış", " x ", 7, 1.5, b"bytes", None], ["", "a\tb", "a\nb", "a\r\nb", "\\N", "\\.", '"', '""', "a,b", "\U0001f642 çğış", " x ", "7", "1.5", "bytes", None], id="text"),
    pytest.param("varchar(5)", ["çğışü", "a    ", ""], ["çğışü", "a    ", ""], id="varchar counts characters"),
    pytest.param("char(5)", ["ab", "ab   ", "çğışü"], ["ab", "ab", "çğışü"], id="char"),
    pytest.param("timestamp", ["2026-01-02 03:04:05.678901", "2026-01-02 03:04:05", "2026-01-02T03:04:05.1", "2026-01-02T03:04:05Z", "2026-01-02 03:04", "2026-01-02", "2026-01-02 03:04:05.000000", "0001-01-01 00:00:00"], ["2026-01-02 03:04:05.678901", "2026-01-02 03:04:05", "2026-01-02 03:04:05.1", "2026-01-02 03:04:05", "2026-01-02 03:04:00", "2026-01-02 00:00:00", "2026-01-02 03:04:05", "0001-01-01 00:00:00"], id="timestamp"),
    pytest.param("timestamp(3)", ["2026-01-02 03:04:05.678000"], ["2026-01-02 03:04:05.678"], id="timestamp of milliseconds"),
    pytest.param("timestamptz", ["2026-01-02 03:04:05.678901", "2026-01-02T03:04:05+03:00", "2026-01-02 03:04:05 -0330", "2026-01-02 03:04:05Z"], ["2026-01-02 03:04:05.678901+00", "2026-01-02 00:04:05+00", "2026-01-02 06:34:05+00", "2026-01-02 03:04:05+00"], id="timestamptz"),
    pytest.param("date", ["2026-01-02", "2026-01-02 00:00:00.000000", "2026-02-28T00:00Z"], ["2026-01-02", "2026-01-02", "2026-02-28"], id="date"),
    pytest.param("time", ["03:04:05.678900", "03:04:05", "03:04", "23:59:59.999999"], ["03:04:05.6789", "03:04:05", "03:04:00", "23:59:59.999999"], id="time"),
    pytest.param("timetz", ["03:04:05.678900+03:00", "03:04:05Z", "03:04", "03:04:05 -0330", "23:59:59.999999+00"], ["03:04:05.6789+03", "03:04:05+00", "03:04:00+00", "03:04:05-03:30", "23:59:59.999999+00"], id="timetz"),
    pytest.param("interval", ["1 day, 2:03:04.500000", "30:00:00", "-2 days +01:00:00", "-1 day, 23:00:00", "5 days", "-00:00:01", "0:00:00"], ["1 day 02:03:04.5", "30:00:00", "-2 days +01:00:00", "-1 days +23:00:00", "5 days", "-00:00:01", "00:00:00"], id="interval"),
    pytest.param("interval day to second", ["1 day 02:03:04.5"], ["1 day 02:03:04.5"], id="interval of some fields"),
    pytest.param("interval second(1)", ["00:00:04.5"], ["00:00:04.5"], id="interval of seconds"),
    pytest.param("uuid", ["0123456789abcdef0123456789ABCDEF", "01234567-89ab-cdef-0123-456789abcdef", bytes(range(16))], ["01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdef", "00010203-0405-0607-0809-0a0b0c0d0e0f"], id="uuid"),
    pytest.param("bytea", [b"\0\xff\\", b"", "çay", None], ["\\x00ff5c", "\\x", "\\xc3a76179", None], id="bytea"),
    pytest.param("json", ['{"b": 1,  "a": [1.50, 1e2]}', 123, 1.5, '"\\u0000"', "[]", None], ['{"b": 1,  "a": [1.50, 1e2]}', "123", "1.5", '"\\u0000"', "[]", None], id="json keeps its text"),
    pytest.param("jsonb", ['{"bb":1,"a":[1.50,1e2,-0,-0.0],"a":{"ç":"\\u00e7\\n\\u001f\\/"}}', "[1e2, 1.5E-3, -0, -0.0,12345678901234567890]", '{"bb":1,"c":{"é":1,"zz":2,"y":3}}', 123, 1.5, "{}", '"a"', ' [ ] ', None], ['{"a": {"ç": "ç\\n\\u001f/"}, "bb": 1}', "[100, 0.0015, 0, 0.0, 12345678901234567890]", '{"c": {"y": 3, "zz": 2, "é": 1}, "bb": 1}', "123", "1.5", "{}", '"a"', "[]", None], id="jsonb by its meaning"),
    pytest.param("json", [b'{"b":  "\xc3\xa7"}'], ['{"b":  "ç"}'], id="json kept as bytes"),
    pytest.param("jsonb", [b'{"b":  "\xc3\xa7"}', b"[]"], ['{"b": "ç"}', "[]"], id="jsonb kept as bytes"),
    pytest.param("int[]", ["[1, null, -3]", "[]", None], ["{1,NULL,-3}", "{}", None], id="array of integers"),
    pytest.param("text[]", ['["a", "", "NULL", null, "x,y", "\\"q\\"", "b\\\\s", "{}", "ç\\n", 7, 1.50, true]'], ['{a,"","NULL",NULL,"x,y","\\"q\\"","b\\\\s","{}","ç\n",7,1.50,true}'], id="array of texts"),
    pytest.param("varchar(3)[]", ['["abc"]'], ["{abc}"], id="array of short texts"),
    pytest.param("numeric(12,2)[]", ["[1, 2.50, 1e2]"], ["{1.00,2.50,100.00}"], id="array of money"),
    pytest.param("boolean[]", ["[true, false, 1, 0, null]"], ["{t,f,t,f,NULL}"], id="array of booleans"),
    pytest.param("uuid[]", ['["0123456789abcdef0123456789ABCDEF"]'], ["{01234567-89ab-cdef-0123-456789abcdef}"], id="array of uuids"),
    pytest.param("timestamptz[]", ['["2026-01-02T03:04:05+03:00"]'], ['{"2026-01-02 00:04:05+00"}'], id="array of moments"),
    pytest.param("timestamp(3)[]", ['["2026-01-02 03:04:05.678"]'], ['{"2026-01-02 03:04:05.678"}'], id="array of milliseconds"),
    pytest.param("inet", ["192.0.2.1", "10.0.0.0/8", "2001:DB8::0:1", "::ffff:1.2.3.4", "192.0.2.1/32"], ["192.0.2.1/32", "10.0.0.0/8", "2001:db8::1/128", "::ffff:1.2.3.4/128", "192.0.2.1/32"], id="inet"),
    pytest.param("cidr", ["10.0.0.0/8", "2001:db8::/32"], ["10.0.0.0/8", "2001:db8::/32"], id="cidr"),
    pytest.param("macaddr", ["08:00:2B:01:02:03", "08-00-2b-01-02-03"], ["08:00:2b:01:02:03"] * 2, id="macaddr"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "expected"), TAKEN)
def test_what_fits_arrives_and_compares_equal(tmp_path, empty_target, kind, values, expected):
    carried = carry(tmp_path / "a.db", empty_target, values, kind)

    assert carried.stored == expected
    assert carried.same


REFUSED = [
    pytest.param("smallint", [32768, -32769], "outside of smallint", id="smallint overflow"),
    pytest.param("integer", [2**31, 2**63 - 1, -(2**31) - 1], "outside of integer", id="integer overflow"),
    pytest.param("integer", ["abc", 1.5, "", "1e3", " 1", "+1", "007", "0x1", "١", b"1"], "not a whole number", id="no whole number"),
    pytest.param("bigint", ["9223372036854775808", 9.3e18], "", id="bigint overflow"),
    pytest.param("boolean", [2, -1, "", "yes", 0.5, b"1"], "neither 0 nor 1", id="boolean"),
    pytest.param("numeric(12,2)", [2.675, 1.005, 123456789.126, 0.1 + 0.2, "1.001", 5e-324], "more decimals than the column keeps", id="money with more decimals"),
    pytest.param("numeric(12,2)", [1e15, 10**10, "10000000000.00", -1e10], "too large for numeric(12,2)", id="money too large"),
    pytest.param("numeric(12,2)", ["12,34", "abc", "", INF, "e2", "1e", "NaN", b"1"], "not a decimal number", id="no money"),
    pytest.param("numeric(18,6)", [0.0000001, 1 / 3, 1e-9], "more decimals", id="more decimals than six"),
    pytest.param("numeric(3,-2)", [150, 1201.0], "more decimals", id="no whole hundreds"),
    pytest.param("real", [0.123456789, 16777217, 1e-50, 1e39, 1 / 3], "real", id="more than real keeps"),
    pytest.param("double precision", ["abc", "", "inf", "nan", 2**53 + 1, "0.1000000000000000055", b"1"], "", id="no double"),
    pytest.param("text", ["a\0b", "\0"], "NUL", id="NUL in text"),
    pytest.param("text", [AsText(b"a\xffb"), AsText(b"\xc3"), AsText(b"\xed\xa0\x80"), b"\xff"], "not UTF-8", id="text that is not UTF-8"),
    pytest.param("varchar(5)", ["abcdefgh", "abcde ", "çğışüö", 1234567], "characters, the column takes 5", id="varchar too long"),
    pytest.param("timestamp", ["", "now", "infinity", "02.01.2026", "1767323045", "2026-1-2", "2026-01-02 03:04:05.1234567", "2026-01-02 03:04:05 BC", "20260102"], "", id="no timestamp"),
    pytest.param("timestamp", ["2026-02-30 00:00:00", "0000-00-00 00:00:00", "2026-13-01 00:00:00", "2026-02-30 00:00:00.000000", "0000-01-01 00:00:00"], "day that does not exist", id="day that does not exist"),
    pytest.param("timestamp", ["2026-01-02 24:00:00", "2026-01-02 23:59:60", "2026-01-02 25:00:00.000000", "2026-01-02 24:00:00.000001"], "time that does not exist", id="time that does not exist"),
    pytest.param("timestamp", ["2026-01-02T03:04:05+03:00", "2026-01-02T03:04:05-00:30"], "offset from UTC", id="timestamp with an offset"),
    pytest.param("timestamp", [1767323045, 1767323045.5], "is a number", id="timestamp as a number"),
    pytest.param("timestamp", ["2026-01-02 03:04:05\0", "2026-01-02 03:04:05.5\0", "2026-01-02 03:04:05.500000\0x"], "not a date and time", id="NUL behind a timestamp"),
    pytest.param("date", ["2026-01-02\0", "2026-01-02\0x"], "not a date and time", id="NUL behind a date"),
    pytest.param("time", ["03:04:05\0", "03:04:05.120000\0x"], "not a time", id="NUL behind a time"),
    pytest.param("timestamp(3)", ["2026-01-02 03:04:05.678901"], "more decimals than the column keeps, 3", id="timestamp too precise"),
    pytest.param("timestamptz", ["2026-01-02T03:04:05+16:00", "0001-01-01 00:00:00+03:00", "2026-01-02 03:04:05 Europe/Istanbul"], "", id="no moment"),
    pytest.param("date", ["2026-01-02 03:04:05", "2026-02-30", "", "today", 2460000.5, "2026-01-02 00:00+03:00"], "", id="no date"),
    pytest.param("time", ["24:00:00", "24:00:00.000001", "24:00:00.000000", "12:60", "", "2026-01-02 03:04:05", "now", 5], "", id="no time"),
    pytest.param("timetz", ["24:00:00+00", "12:00+16", "", "12:00 Europe/Istanbul", 5], "", id="no timetz"),
    pytest.param("int[]", ["{1,2}", "[1.5]", "[[1]]", "[{}]", '["x"]', "7", "[1", "", 5, '"a"', "[2147483648]"], "", id="no array of integers"),
    pytest.param("text[]", ['["\\ud800"]', '["\\u0000"]', "a,b", '{"a": 1}'], "", id="no array of texts"),
    pytest.param("varchar(3)[]", ['["abcd"]'], "characters, the column takes 3", id="array of too long texts"),
    pytest.param("timestamp(3)[]", ['["2026-01-02 03:04:05.6789"]'], "more decimals than the column keeps, 3", id="array of too precise times"),
    pytest.param("interval second(1)", ["00:00:04.25"], "more decimals than the column keeps, 1", id="interval too precise"),
    pytest.param("interval", ["", "1970-01-02 00:00:00.000000", "P1D", "1 month", "x", 5, "1 day "], "", id="no interval"),
    pytest.param("uuid", ["", "0123456789abcdef0123456789abcdeg", "{01234567-89ab-cdef-0123-456789abcdef}", b"abc", "0123-456789abcdef-0123456789abcdef--"], "not a UUID", id="no uuid"),
    pytest.param("uuid", [1, 1.2345678901234568e31], "number, into which SQLite has turned", id="uuid turned into a number"),
    pytest.param("bytea", [1, 1.5], "number, not bytes", id="number in bytea"),
    pytest.param("json", ["{bad", "", "NaN", "[1,]", "'a'", INF, b"{", b"\xff", "01", "\ufeff[]"], "", id="no json"),
    pytest.param("jsonb", ["{bad", "", "NaN", '"\\u0000"', '{"\\u0000": 1}', '"\\ud800"', "1e200000", '["a\nb"]'], "", id="no jsonb"),
    pytest.param("jsonb", ["1e99999999999999999999", "-1E-99999999999999999999"], "more digits than numeric can hold", id="an exponent beyond any number"),
    pytest.param("inet", ["", "1.2.3", "01.2.3.4", "1.2.3.4/33", "1.2.3.4/255.0.0.0", "fe80::1%eth0", 5], "not an address", id="no inet"),
    pytest.param("cidr", ["10.0.0.1/8", "x"], "not a network", id="no cidr"),
    pytest.param("macaddr", ["08:00", "08:00-2b:01:02:03"], "not an address", id="no macaddr"),
    pytest.param("text NOT NULL", [None], "is NULL", id="NULL"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "reason"), REFUSED)
def test_what_does_not_fit_is_named_every_time(tmp_path, empty_target, kind, values, reason):
    found, failed = refused(tmp_path / "a.db", empty_target, values, kind)

    assert [bad.key for bad in found] == [f"id={place + 1}" for place in range(len(values))]
    assert {(bad.table, bad.column) for bad in found} == {("t", "v")}
    assert [bad.reason for bad in found if reason not in bad.reason] == []
    assert failed == [True] * len(values)
