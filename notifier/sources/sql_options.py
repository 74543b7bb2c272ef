"""The settings of a `sql` source."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import AfterValidator, Field, model_validator

from notifier.options import Options, SecretUrl
from notifier.sources.mapping import MappingOptions

TimeFormat = Literal["datetime", "iso", "epoch", "epoch_ms"]
_SELECT = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*(select|with|values)\b", re.IGNORECASE | re.DOTALL)


def binds_of(query: str) -> frozenset[str]:
    """The names that stand in `query` with a colon before them."""
    return frozenset(sa.text(query).compile().params)


def _check(query: str, allowed: set[str]) -> str:
    if not _SELECT.match(query):
        raise ValueError("is not a SELECT; nothing is ever written to the shop")
    unknown = sorted(binds_of(query) - allowed)
    if unknown:
        names = " ".join(f":{name}" for name in sorted(allowed))
        raise ValueError(f"uses :{unknown[0]}; there are {names} (a colon that is none of these is written \\:)")
    return query


def _orders(query: str) -> str:
    binds = binds_of(_check(query, {"since", "until", "limit", "after_id"}))
    if "limit" in binds and not binds & {"since", "after_id"}:
        raise ValueError("uses :limit and would read the same rows for ever; add :since or :after_id")
    if "after_id" in binds and "limit" not in binds:
        raise ValueError("uses :after_id without :limit; add LIMIT :limit")
    return query


def _one_of(query: str, names: set[str]) -> str:
    if len(binds_of(_check(query, names))) != 1:
        raise ValueError(f"must use {' or '.join(f':{name}' for name in sorted(names))}")
    return query


OrdersQuery = Annotated[str, AfterValidator(_orders)]
OrderQuery = Annotated[str, AfterValidator(lambda query: _one_of(query, {"id", "ids"}))]
RelatedQuery = Annotated[str, AfterValidator(lambda query: _one_of(query, {"ids"}))]


class Related(Options):
    """A query for what belongs to orders; its column `order_id` says to which."""

    query: RelatedQuery


class SqlOptions(MappingOptions):
    """The shop's database and the SELECTs that read it.

    `orders` gives the changed ones: `WHERE updated_at >= :since AND updated_at < :until ORDER BY updated_at, id LIMIT
    :limit`. With `:after_id` it says itself where to go on among rows of one instant: `(updated_at, id) > (:since,
    :after_id)`. Without `:since` every poll looks at all that it gives, in pages by `:after_id` and `:limit` or in one
    stream. `order` gives single ones, `WHERE id IN :ids` or `= :id`. `time_format` is what `:since` and `:until` are
    bound as: "datetime" is the database's own type (in SQLite the text `yyyy-MM-dd HH:mm:ss`), "iso" the text
    `yyyy-MM-ddTHH:mm:ss`; both in the source's zone. `id_type` is what ids are bound as.
    """

    url: SecretUrl
    orders: OrdersQuery
    order: OrderQuery
    related: dict[Literal["lines", "parcels", "cases", "reviews"], Related] = Field(default_factory=dict)
    time_format: TimeFormat = "datetime"
    id_type: Literal["text", "integer", "uuid"] = "text"

    @model_validator(mode="after")
    def _columns(self) -> SqlOptions:
        """A column stands for itself: two of them for one id or one time of change make no cursor."""
        for field in ("id", "updated"):
            if field in self.fields and not (isinstance(self.fields[field], str) and self.fields[field]):
                raise ValueError(f"fields.{field} must name one column")
        return self
