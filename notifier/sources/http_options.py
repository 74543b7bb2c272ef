"""The settings of an `http` source."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from notifier.options import Length, Options, Secret
from notifier.sources.mapping import MappingOptions
from notifier.sources.paths import compile_path


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a web address; write it with https:// and the host")
    if parts.username or parts.password:
        raise ValueError("holds a password; put it under auth")
    return value


def _path(value: str) -> str:
    if value:
        compile_path(value)
    return value


def _names(value: str) -> str:
    if value and not re.fullmatch(r"[^.\[\]]+(\.[^.\[\]]+)*", value):
        raise ValueError("is not a path of names with points between them")
    return value


Address = Annotated[str, AfterValidator(_address)]
PathText = Annotated[str, AfterValidator(_path)]
Names = Annotated[str, AfterValidator(_names)]


class Bearer(Options):
    """`Authorization: Bearer …`."""

    type: Literal["bearer"]
    token: Secret


class Basic(Options):
    """A user and a password; WooCommerce's consumer key and secret go here."""

    type: Literal["basic"]
    user: str
    password: Secret


class Header(Options):
    """A header of the shop's own, such as Shopify's `X-Shopify-Access-Token`."""

    type: Literal["header"]
    name: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    value: Secret


class Query(Options):
    """Parameters in the address itself."""

    type: Literal["query"]
    parameters: dict[str, Secret]


Auth = Annotated[Bearer | Basic | Header | Query, Field(discriminator="type")]


class Paging(Options):
    """How the list goes on.

    "page" counts pages from `first`, "offset" counts orders; both end with an empty page, since a shop may give fewer
    than it was asked for, or where `more` in the answer is false. "cursor" sends back what stands at `next` (an address
    is followed), "link" follows the header `Link: …; rel="next"`, both only to the same host.
    """

    style: Literal["none", "page", "offset", "cursor", "link"] = "none"
    page_param: str = "page"
    first: Annotated[int, Field(ge=0, le=1)] = 1
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    size_param: str = ""
    next: PathText = ""
    more: PathText = ""

    @model_validator(mode="after")
    def _cursor_has_a_path(self) -> Paging:
        if self.style == "cursor" and not self.next:
            raise ValueError('the style "cursor" needs next, the path of the next cursor in the answer')
        return self


class HttpOptions(MappingOptions):
    """Where the shop's orders are, and how they are asked for.

    `url` lists them: `{since}` and `{until}` stand in it, or are sent as `since_param` and `until_param`, written as
    `time_format` says ("utc" `2026-03-01T09:00:00Z`, "local" without the Z and "blank" with a blank on the source's
    clocks, "epoch" or "epoch_ms"). `items` is where the list stands in the answer. `order_url` gives one (`{id}`), at
    `item` in the answer, `orders_url` several (`{ids}`). `oldest` is how far back the first poll reads.

    With pages or offsets, an order that leaves the list while it is read moves the others forward, and one of them may
    be passed over. So let the shop sort by id or by newest change first, and leave `until` out.
    """

    url: Address
    order_url: Address | Literal[""] = ""
    orders_url: Address | Literal[""] = ""
    items: Names = ""
    item: Names = ""
    params: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    since_param: str = ""
    until_param: str = ""
    time_format: Literal["utc", "local", "blank", "epoch", "epoch_ms"] = "utc"
    oldest: Length | None = None
    paging: Paging = Paging()
    auth: Auth | None = None
    content_types: tuple[str, ...] = ("application/json", "text/json")
    max_bytes: int = Field(8_388_608, ge=1024)
    look_batch: int = Field(50, ge=1, le=500)
    concurrency: int = Field(4, ge=1, le=64)

    @model_validator(mode="after")
    def _complete(self) -> HttpOptions:
        if not (self.order_url or self.orders_url):
            raise ValueError("needs order_url or orders_url: an order is read afresh before anything is said about it")
        if self.order_url and "{id}" not in self.order_url:
            raise ValueError("order_url needs {id}, where the order's id goes")
        if self.orders_url and "{ids}" not in self.orders_url:
            raise ValueError("orders_url needs {ids}, where the orders' ids go")
        for where in self.fields.values():
            for path in [where] if isinstance(where, str) else where:
                _path(path)
        return self
