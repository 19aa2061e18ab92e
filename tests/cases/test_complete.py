"""Each case of ../shared/cases is named by a test, so that none is forgotten."""

from __future__ import annotations

from pathlib import Path

from tests.shared import SHARED, needs_shared

TESTS = Path(__file__).resolve().parents[1]


@needs_shared
def test_every_case_is_named_by_a_test() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for path in [*TESTS.rglob("test_*.py"), *TESTS.rglob("*.test.js")]
        if path != Path(__file__).resolve()
    ]
    cases = sorted(path.name for path in (SHARED / "cases").iterdir() if path.is_dir())

    assert cases
    assert [case for case in cases if not any(case in source for source in sources)] == []
