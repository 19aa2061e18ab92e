from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.lossless_json import DoubledObject, Number, dumps, loads

TEXT = st.text(st.characters(codec=None), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_writes_what_pythons_json_would_write(value: object) -> None:
    text = json.dumps(value, indent=2)

    assert json.dumps(json.loads(dumps(loads(text))), indent=2) == text


@pytest.mark.parametrize(
    "number", ["0", "-0", "1", "1.0", "1.50", "1e2", "1E+2", "-0.0", "9" * 5000]
)
def test_the_spelling_of_a_number_survives(number: str) -> None:
    assert dumps(loads(f"[{number}]")) == f"[\n  {number}\n]"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_the_constants_of_python_survive(constant: str) -> None:
    assert dumps(loads(f"[{constant}]"), indent=0) == f"[\n{constant}\n]"


def test_key_order_null_and_odd_strings_survive() -> None:
    text = '{\n  "b": null,\n  "a": "\\ud800",\n  "ü": "ı\\u2028"\n}'

    assert loads(dumps(loads(text))) == loads(text)
    assert list(loads(text)) == ["b", "a", "ü"]
    assert dumps(loads(text)).encode("utf-8")


def test_names_doubled_keys() -> None:
    value = loads('{"a": 1, "b": 2, "a": 3}')

    assert isinstance(value, DoubledObject)
    assert value.doubled == ("a",)
    assert value["a"] == Number("3")


def test_refuses_deep_nesting_before_parsing() -> None:
    assert loads("[" * 64 + "]" * 64)
    with pytest.raises(InvalidInput, match="64 levels"):
        loads("[" * 65 + "]" * 65)
    with pytest.raises(InvalidInput, match="64 levels"):
        loads("[" * 2_000_000)


def test_brackets_in_strings_are_no_nesting() -> None:
    assert loads('["' + "[" * 100 + '\\"[[", "' + "{" * 100 + '"]')


def test_an_open_string_of_escaped_quotes_takes_linear_time() -> None:
    started = time.process_time()

    with pytest.raises(InvalidInput, match="line 1"):
        loads('"' + '\\"' * 1_000_000)

    # A quadratic scan would take hours; this is no benchmark.
    assert time.process_time() - started < 30


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('{"a": 1,}', "line 1, column 9"),
        ("[1, 2,]", "line 1, column 7"),
        ('{"a": 1}\n{"b": 2}', "second document begins at line 2, column 1"),
        ('{"a": 1', "line 1, column 8"),
        ('["a\tb"]', "line 1, column 4"),
    ],
)
def test_names_the_place_of_what_is_not_json(text: str, place: str) -> None:
    with pytest.raises(InvalidInput, match=place):
        loads(text)
