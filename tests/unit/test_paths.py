"""Paths into JSON: what they fetch, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.sources.paths import compile_path

ORDER = {
    "id": 7,
    "billing": {"email": "ada@example.com", "first name": "Ada"},
    "lines": [{"sku": "a"}, {"sku": "b", "tags": ["x", "y"]}],
    "meta_data": [
        {"key": "_other", "value": 1},
        3,
        {"key": "_tracking.number", "value": "Z1"},
        {"key": "_tracking.number"},
    ],
    "flags": [{"on": True, "name": "yes"}, {"on": 1, "name": "one"}],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", 7),
        ("billing.email", "ada@example.com"),
        ("billing.first name", "Ada"),
        ("lines[0].sku", "a"),
        ("lines[-1].tags[1]", "y"),
        ("lines[2].sku", None),
        ("lines[-3]", None),
        ("lines.sku", None),
        ("meta_data[key=_tracking.number].value", "Z1"),
        ("meta_data[key=_other].value", 1),
        ("meta_data[key=nothing].value", None),
        ("meta_data[value=1].key", "_other"),
        ("flags[on=true].name", "yes"),
        ("flags[on=1].name", "one"),
        ("flags[on=True].name", None),
        ("id[0]", None),
        ("id.id", None),
        ("nothing.at.all", None),
    ],
)
def test_a_path_fetches_what_stands_there(path: str, found: Any) -> None:
    assert compile_path(path)(ORDER) == found


def test_a_path_may_begin_in_a_list() -> None:
    assert compile_path("[1].sku")(ORDER["lines"]) == "b"


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[0", "a[0]b", "a.[0]", "a]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        compile_path(path)


@given(JSON, st.sampled_from(["a", "a.b", "a[0]", "a[-1].b", "a[b=c].d", "[0]", "[a=1]"]))
def test_a_path_fails_on_no_json_at_all(value: Any, path: str) -> None:
    compile_path(path)(value)
