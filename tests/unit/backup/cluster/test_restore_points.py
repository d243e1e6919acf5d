"""Notes about restore points are taken over once, and whole."""

import json

from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.restore_points import copy_restore_points, restore_points_of

POINT = {
    "name": "before-expand-0002-20261121T100000Z",
    "lsn": "0/3000060",
    "timeline": 1,
    "at": "2026-11-21T10:00:00+00:00",
}


def test_a_point_is_noted_once(tmp_path) -> None:
    folder = ClusterFolder(tmp_path / "7712694683227574319")
    (tmp_path / "points").mkdir()
    (tmp_path / "points/a.json").write_text(json.dumps(POINT))

    counts = [copy_restore_points(tmp_path / "points", folder) for _ in range(2)]

    (noted,) = folder.events.read("restore-point")
    assert counts == [1, 0]
    assert {name: noted.fields[name] for name in POINT} == POINT


def test_a_point_of_the_cluster_that_was_there_before_is_not_noted(tmp_path) -> None:
    folder = ClusterFolder(tmp_path / "7712694683227574319")
    points = {"a": "7712694683227574319", "b": "7700000000000000000"}
    for name, cluster in points.items():
        note = {**POINT, "name": name, "cluster": cluster}
        (tmp_path / f"{name}.json").write_text(json.dumps(note))

    copy_restore_points(tmp_path, folder)

    assert [one.fields["name"] for one in folder.events.read("restore-point")] == ["a"]


def test_a_restore_sees_points_that_are_not_noted_yet_but_none_of_another_cluster(tmp_path) -> None:
    folder = ClusterFolder(tmp_path / "7712694683227574319")
    noted = {"a": "7712694683227574319", "b": "7700000000000000000"}
    for name, cluster in noted.items():
        note = {"event": "restore-point", **POINT, "name": name, "cluster": cluster}
        (tmp_path / f"restore-point-{name}.json").write_text(json.dumps(note))

    points = restore_points_of(folder, tmp_path)

    assert [one.fields["name"] for one in points] == ["a"]


def test_half_a_note_is_left_for_the_next_look(tmp_path) -> None:
    folder = ClusterFolder(tmp_path / "7712694683227574319")
    note = tmp_path / "a.json"
    note.write_text(json.dumps(POINT)[:40])

    first = copy_restore_points(tmp_path, folder)
    note.write_text(json.dumps(POINT))

    assert (first, copy_restore_points(tmp_path, folder)) == (0, 1)


def test_without_a_folder_there_are_no_points(tmp_path) -> None:
    assert copy_restore_points(tmp_path / "none", ClusterFolder(tmp_path / "x")) == 0
