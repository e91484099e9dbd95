from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.errors import ExportError
from sbdiag.export.nono_jsonc import Node, read_jsonc


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [plain(value) for value in node.value]
    return node.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            '\ufeff{ // mine\n "a": "b//c", /* two\nlines */ "d": [1, 2,],}',
            {"a": "b//c", "d": [1, 2]},
        ),
        ("[true, false, null, -1.5e3, 0]", [True, False, None, -1500.0, 0]),
        (r'"\u00e9\n\ud83d\ude00"', "é\n😀"),
        ("/**/ {} // end", {}),
        ('"/* no comment */"', "/* no comment */"),
    ],
)
def test_comments_and_trailing_commas_are_read(text: str, value: object) -> None:
    assert plain(read_jsonc(text, path="x")) == value


def test_each_value_has_its_line() -> None:
    top = read_jsonc('{\n "a":\n  1,\n "b": [\n  2,\n  {"c": 3}]}', path="x").value
    assert isinstance(top, dict)
    assert (top["a"].line, top["b"].line) == (2, 4)
    assert isinstance(top["b"].value, list)
    assert [node.line for node in top["b"].value] == [5, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "a": ]', "a value is expected (x.json:2:7)"),
        ("", "a value is expected (x.json:1:1)"),
        ("{} {}", "behind the value (x.json:1:4)"),
        ("{a: 1}", "a key in quotes"),
        ("[1 2]", "',' is expected"),
        ("[,]", "a value is expected"),
        ('{"a": 1,\n "a": 2}', "given twice (x.json:2:"),
        ('"a\nb"', "does not end"),
        ('"a', "does not end"),
        (r'"\x"', "scape"),
        (r'"\ud800"', "surrogate"),
        ("{ /* no end", "a comment that does not end (x.json:1:3)"),
        ("[" * 100_000, "nested more than"),
        ("1" * 5_000, "a value is expected"),
        ("nul", "a value is expected"),
        ("'a'", "a value is expected"),
    ],
)
def test_what_is_no_json_is_an_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ExportError) as error:
        read_jsonc(text, path="x.json")
    assert message in str(error.value)
    assert "x.json:" in str(error.value)


_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _FLOATS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(_JSON, st.sampled_from([None, 1]), st.booleans())
def test_every_json_reads_as_the_standard_reader_says(
    value: object, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert plain(read_jsonc(text, path="x")) == json.loads(text)
