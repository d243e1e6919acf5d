"""Which images of releases a deploy removes."""

from deploy.rollout.images import plan_pruning


def test_only_own_releases_beyond_the_newest_good_ones_and_not_in_use_are_removed():
    doomed = plan_pruning(
        ["blue", "green", "migrate", "mine", *(f"v{n}" for n in range(1, 9)), "bad"],
        own={"bad", *(f"v{n}" for n in range(1, 9))},
        good=[f"v{n}" for n in range(8, 0, -1)],
        in_use={"blue", "green", "migrate", "v1"},
        keep=5,
    )

    # v8 to v4 are the last five, v1 still runs, and nobody but its maker removes `mine`.
    assert doomed == ["bad", "v2", "v3"]
