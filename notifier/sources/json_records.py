"""Orders in JSON, of which no more than the id is decoded as long as nothing has changed."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from notifier.errors import BadOrder
from notifier.interfaces import Record
from notifier.sources.mapping import MappingOptions
from notifier.sources.normalise import Normaliser


def lenient(content: bytes) -> Any:
    """Decode JSON as browsers do: lone surrogates, control characters and bad bytes in texts are let through.

    One customer's broken name must not take a whole page away; the order's own reading cleans it. Raises ValueError.
    """
    try:
        return json.loads(content.decode("utf-8-sig", "replace"), strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decoded(content: Any) -> Any:
    """A record's fields, decoded if they are still bytes. Raises BadOrder."""
    if not isinstance(content, bytes):
        return content
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError):
        pass
    try:
        return lenient(content)
    except ValueError:
        raise BadOrder("it is not JSON") from None


class JsonRecords:
    """Makes records of orders in JSON: bytes, or what a lenient reader decoded."""

    def __init__(self, normaliser: Normaliser, options: MappingOptions) -> None:
        self._normaliser = normaliser
        where = options.fields.get("id", "id")
        self._name = where if isinstance(where, str) and where.isidentifier() else ""
        only_id = msgspec.defstruct("OnlyId", [("id", Any, None)], rename={"id": self._name or "id"})
        self._only_id: msgspec.json.Decoder[Any] = msgspec.json.Decoder(only_id)

    def record(self, item: Any) -> Record:
        """The record of one order. Raises BadOrder when it has no usable id."""
        if not isinstance(item, bytes):
            content = json.dumps(item, sort_keys=True).encode()
            return Record(self._normaliser.id_of(item), self._normaliser.digest(content), item)
        return Record(self._id_of(item), self._normaliser.digest(item), item)

    def _id_of(self, item: bytes) -> str:
        if self._name:
            try:
                return self._normaliser.id_of({self._name: self._only_id.decode(item).id})
            except (ValueError, RecursionError):
                pass  # Not an object, or a text in it that only the lenient reader takes.
        return self._normaliser.id_of(decoded(item))
