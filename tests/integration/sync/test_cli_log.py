"""What a run writes into its log, and what it tells nobody."""

from dataclasses import replace

from tests.integration.sync.command import PASSWORD, renamed, user

ADDRESS = "canary@example.com"
OTHER_ADDRESS = "canary.two@example.com"


def test_a_log_lies_beside_the_file(home) -> None:
    home.here(user(1, "ada@example.com"))

    home("local2render")

    assert "INFO connect begins" in home.log
    assert "INFO table table=users inserted=1" in home.log
    assert "INFO run finished direction=local2render written=1" in home.log


def test_an_error_that_nobody_expected_is_in_the_log_without_what_it_quotes(home) -> None:
    home.here(user(1, "ada@example.com"))
    home("local2render")
    home.here(renamed(1, "Another"))
    home.here("UPDATE tablecopy_changes SET root = '[\"canary'")

    ran = home("local2render")

    assert ran.code == 1
    assert "the run ended in an unexpected JSONDecodeError" in home.log
    assert "sqlite_log.py" in home.log
    assert "canary" not in home.log


def test_neither_password_nor_address_is_told_where_it_does_not_belong(home, monkeypatch) -> None:
    home.here(user(1, ADDRESS))
    ran = [home("local2render"), home("status", "--verify"), home("render2local", "--json")]
    home.here(f"UPDATE users SET email = '{OTHER_ADDRESS}', email_key = '{OTHER_ADDRESS}'")
    home.there(renamed(1, "Ada elsewhere"))
    ran += [
        home("local2render", "--dry-run"),
        home("local2render"),
        home("status"),
        home("render2local", "--on-conflict", "remote"),
        home("render2local", "--mirror"),
        home("local2render", "--start-over"),
    ]
    wrong = replace(home.hosted, password=f"{PASSWORD}-and-more")
    monkeypatch.setenv("RENDER_DATABASE_URL", wrong.conninfo())
    ran.append(home("local2render"))
    home.file.write_text("no database at all, and long enough to be one")
    ran.append(home("local2render"))

    assert [one.code for one in ran[-2:]] == [69, 69]
    assert {one.code for one in ran[:-2]} <= {0, 3}
    everything = home.log + "".join(one.out + one.err for one in ran)
    logged = home.log + "".join(one.err for one in ran)
    assert PASSWORD not in everything
    assert "canary" not in logged
    assert "run finished" in home.log
    assert "the run failed" in home.log
