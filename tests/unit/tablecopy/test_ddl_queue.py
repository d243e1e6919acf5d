"""Steps are taken from the queue when their marks are given, the heaviest first."""

from backend.tablecopy.shadow.ddl_queue import DdlQueue, DdlStep


def step(name, *, needs=(), gives=(), shared=(), alone=(), weight=1.0):
    gives, needs, shared, alone = map(frozenset, (gives, needs, shared, alone))
    return DdlStep(name, name, gives, needs, shared, alone, weight)


def test_the_heaviest_that_can_run_is_taken() -> None:
    steps = DdlQueue(
        [
            step("light", weight=1),
            step("needs both", needs={"built"}, weight=9),
            step("builds one half", gives={"built"}, weight=2),
            step("builds the other", gives={"built"}, weight=3),
        ]
    )

    taken = []
    while (one := steps.take()) is not None:
        taken.append(one.text)
        steps.done(one)

    assert taken == ["builds the other", "builds one half", "needs both", "light"]


def test_two_that_would_wait_for_each_other_are_not_begun_together() -> None:
    steps = DdlQueue(
        [
            step("whole table", alone={"a"}, weight=3),
            step("index of it", shared={"a"}, weight=2),
            step("another table", alone={"b"}, weight=1),
        ]
    )

    first, second = steps.take(), steps.take()

    assert [one and one.text for one in (first, second)] == ["whole table", "another table"]


def test_what_nobody_gives_is_not_waited_for() -> None:
    steps = DdlQueue([step("only", needs={"nothing of ours"})])

    assert steps.take() is not None
    assert steps.take() is None


def test_ten_thousand_steps_in_a_row_are_all_taken() -> None:
    chain = [step(str(n), needs={f"m{n - 1}"}, gives={f"m{n}"}) for n in range(10_000)]
    steps = DdlQueue(chain)

    taken = 0
    while (one := steps.take()) is not None:
        taken += 1
        steps.done(one)

    assert taken == 10_000
