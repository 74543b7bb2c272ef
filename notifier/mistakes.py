"""What pydantic finds wrong, said in sentences for people who run a shop.

Values are not repeated by this module: a wrong one may be a secret in the wrong place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from notifier.errors import Problem
from notifier.tomlfile import KeyPath, Overlay

Model = TypeVar("Model", bound=BaseModel)

_SENTENCES = {
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": 'must be a list, such as ["one", "two"]',
    "list_type": 'must be a list, such as ["one", "two"]',
    "too_short": "must not be empty",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "date_type": "must be a date without quotes, such as 2026-10-01",
    "date_parsing": "must be a date without quotes, such as 2026-10-01",
    "date_from_datetime_parsing": "must be a date without quotes, such as 2026-10-01",
    "date_from_datetime_inexact": "must be a date without a time, such as 2026-10-01",
    "datetime_type": "must be an instant without quotes, such as 2026-10-01T09:00:00Z",
    "datetime_parsing": "must be an instant without quotes, such as 2026-10-01T09:00:00Z",
    "datetime_from_date_parsing": "must be an instant without quotes, such as 2026-10-01T09:00:00Z",
    "timezone_aware": "must be an instant with its zone, such as 2026-10-01T09:00:00Z",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "union_tag_not_found": "needs a type",
    "union_tag_invalid": "needs a type, one of {expected_tags}",
    "value_error": "{error}",
}


def validate(
    model: type[Model], table: Overlay, problems: list[Problem], context: dict[str, Any] | None = None
) -> Model | None:
    """The table as a `model`; None when it has mistakes, all of which are then in `problems`."""
    try:
        return model.model_validate(table.data, context=context)
    except ValidationError as error:
        problems += _problems(error, table, model)
        return None


def did_you_mean(word: str, known: Collection[str]) -> str:
    """What stands after "unknown …": the word that was probably meant, or all there are."""
    if close := get_close_matches(word.lower(), known, n=1, cutoff=0.7):
        return f'; did you mean "{close[0]}"?'
    return f"; there are {', '.join(sorted(known))}" if known else ""


def _problems(error: ValidationError, table: Overlay, model: type[BaseModel]) -> Iterator[Problem]:
    """One problem for each place: of the kinds of value that a key may take, the first one's complaint is enough."""
    told: set[KeyPath] = set()
    for detail in error.errors(include_url=False, include_input=False):
        path = _existing(detail["loc"], table.data)
        missing = detail["type"] == "missing"
        if missing:
            path = (*path, detail["loc"][-1])
        if path not in told and not (missing and table.broken):
            told.add(path)
            yield table.problem(path, _sentence(detail, model))


def _existing(loc: KeyPath, data: Any) -> KeyPath:
    """The part of pydantic's location that stands in the file; the rest are its own names for kinds of value."""
    path: KeyPath = ()
    for part in loc:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if inside:
            data = data[part]
            path = (*path, part)
    return path


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    if detail["type"] == "extra_forbidden":
        *above, key = detail["loc"]
        return f"unknown key{did_you_mean(str(key), _fields(model, tuple(above)).keys())}"
    if detail["type"] == "missing":
        *above, key = detail["loc"]
        field = _fields(model, tuple(above)).get(str(key))
        return f"is missing. {field.description}" if field and field.description else "is missing"
    template = _SENTENCES.get(detail["type"])
    if template is None:
        return detail["msg"]
    ctx = {name: str(value).removesuffix(".0") for name, value in detail.get("ctx", {}).items()}
    # pydantic names the words that are allowed in single quotes; in TOML they stand in double ones.
    return template.format(**ctx | {"expected": ctx.get("expected", "").replace("'", '"')})


def _fields(model: type[BaseModel], loc: KeyPath) -> dict[str, FieldInfo]:
    """The keys that the table at `loc` of a model may have, as they are written in files."""
    models = [model]
    for part in loc:
        fields = _own_fields(models)
        below = list(_tables_in(fields[part].annotation)) if isinstance(part, str) and part in fields else []
        models = below or models
    return _own_fields(models)


def _own_fields(models: Sequence[type[BaseModel]]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for model in models for name, field in model.model_fields.items()}


def _tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _tables_in(argument)
