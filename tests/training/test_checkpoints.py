"""Checkpoints: whole or absent, the last two kept, damaged ones passed over."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.backends.checkpoints import CheckpointStore


def saved(directory: Path, *epochs: int) -> CheckpointStore:
    store = CheckpointStore(directory)
    for epoch in epochs:
        store.save(epoch, lambda path, epoch=epoch: path.write_bytes(bytes([epoch]) * 1000))
    return store


def epochs(store: CheckpointStore) -> list[int]:
    return [checkpoint.epoch for checkpoint in store.valid()]


def test_the_last_two_are_kept_and_nothing_else_lies_there(tmp_path: Path) -> None:
    store = saved(tmp_path, 1, 2, 3)
    assert epochs(store) == [3, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint-00002",
        "checkpoint-00002.sha256",
        "checkpoint-00003",
        "checkpoint-00003.sha256",
    ]


@pytest.mark.parametrize("damage", ["truncated", "changed", "no digest", "digest gone wrong"])
def test_a_damaged_one_gives_way_to_the_one_before(tmp_path: Path, damage: str) -> None:
    store = saved(tmp_path, 1, 2)
    newest, digest = tmp_path / "checkpoint-00002", tmp_path / "checkpoint-00002.sha256"
    match damage:
        case "truncated":
            newest.write_bytes(newest.read_bytes()[:500])
        case "changed":
            newest.write_bytes(b"x" + newest.read_bytes()[1:])
        case "no digest":
            digest.unlink()
        case "digest gone wrong":
            digest.write_text("0" * 64)
    assert epochs(store) == [1]


def test_a_write_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    store = saved(tmp_path, 1)

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        store.save(2, fail)
    assert epochs(store) == [1]


def test_earlier_attempts_are_read_and_all_can_be_cleared(tmp_path: Path) -> None:
    saved(tmp_path / "1", 4, 5)
    saved(tmp_path / "2", 6)
    store = CheckpointStore(tmp_path / "3", [tmp_path / "1", tmp_path / "2"])
    assert epochs(store) == [6, 5, 4]
    store.clear()
    assert epochs(store) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("says_why", [True, False])
def test_on_a_full_disk_the_last_checkpoint_stays(small_disk: Path, says_why: bool) -> None:
    def too_much(path: Path) -> None:
        try:
            path.write_bytes(bytes(1_000_000))
        except OSError:
            if says_why:
                raise
            raise RuntimeError("PytorchStreamWriter failed writing file") from None

    store = saved(small_disk, 1)
    with pytest.raises(OSError, match="No space left") as caught:
        store.save(2, too_much)
    assert caught.value.errno == errno.ENOSPC
    assert epochs(store) == [1]
    assert {path.name for path in small_disk.iterdir()} == {
        "checkpoint-00001",
        "checkpoint-00001.sha256",
    }
    store.save(2, lambda path: path.write_bytes(b"small"))
    assert epochs(store) == [2, 1]


def test_another_error_of_writing_stays_what_it_is(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        raise RuntimeError("something else")

    store = saved(tmp_path, 1)
    with pytest.raises(RuntimeError, match="something else"):
        store.save(2, fail)
    assert epochs(store) == [1]
