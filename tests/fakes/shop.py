"""A pretend shop with a JSON interface: orders by time of change in every style of paging, single ones, and faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from aiohttp import web

from tests.fakes.loopback import Loopback

Style = Literal["page", "offset", "cursor", "link"]
Fields = Mapping[str, Any]


class PretendShop(Loopback):
    """Holds orders as JSON objects with an `id` and an `updated` (ISO 8601), in a dict that tests change as they like.

    `GET /orders?since=&until=` lists those changed from `since` on and before `until`; pages and offsets by id, cursors
    and links by time of change, never more than `largest` a page. `GET /orders/ID` gives one, `GET /orders?ids=A,B`
    several. `raw` holds orders as bytes that stand in the answers as they are. `after_list` is called after each list
    with its number, before the answer leaves: the place to change something between two pages. Whatever else is asked
    for, or with another method than GET, is refused and stands in `surprises`.
    """

    def __init__(self, style: Style = "page", largest: int = 100) -> None:
        super().__init__()
        self.orders: dict[str, dict[str, Any]] = {}
        self.raw: dict[str, bytes] = {}
        self.style = style
        self.largest = largest
        self.after_list: Callable[[int], None] = lambda _number: None
        self.surprises: list[str] = []
        self.lists = 0
        self.queries: list[dict[str, str]] = []
        self.headers: list[Mapping[str, str]] = []

    def put(self, *orders: Fields) -> None:
        """Add these orders, or put them in the place of those with the same id."""
        for order in orders:
            self.orders[str(order["id"])] = dict(order)

    def settings(self) -> dict[str, Any]:
        """What a source of type `http` needs to read this shop."""
        paging: dict[str, Any] = {"style": self.style}
        if self.style == "cursor":
            paging["next"] = "meta.next"
        return {
            "type": "http",
            "url": f"{self.url}/orders",
            "order_url": f"{self.url}/orders/{{id}}",
            "items": "orders",
            "since_param": "since",
            "paging": paging | {"size_param": "size"},
        }

    async def answer(self, request: web.Request) -> web.Response:
        """A list, a single order, or a refusal."""
        self.headers.append(dict(request.headers))
        if request.method != "GET" or not request.path.startswith("/orders"):
            self.surprises.append(f"{request.method} {request.path}")
            return web.Response(status=405)
        id_ = request.path.removeprefix("/orders").removeprefix("/")
        if id_:
            known = id_ in self.orders or id_ in self.raw
            return _json(self._encoded(id_)) if known else web.json_response({"error": "no such order"}, status=404)
        self.queries.append(dict(request.query))
        if "ids" in request.query:
            wanted = [one for one in request.query["ids"].split(",") if one in self.orders][: self.largest]
            return _json(self._listed(wanted, None))
        self.lists += 1
        response = self._list(request)
        self.after_list(self.lists)
        return response

    def _list(self, request: web.Request) -> web.Response:
        query = request.query
        size = min(int(query.get("size", self.largest)), self.largest)
        found = self._changed(query.get("since", ""), query.get("until", ""))
        if self.style in {"page", "offset"}:
            found.sort()
            start = int(query.get("offset", 0)) if self.style == "offset" else (int(query.get("page", 1)) - 1) * size
            return _json(self._listed(found[start : start + size], None))
        found.sort(key=self._place)
        rest = [id_ for id_ in found if self._place(id_) > query.get("cursor", "")]
        page = rest[:size]
        following = self._place(page[-1]) if len(rest) > size else None
        if self.style == "cursor":
            return _json(self._listed(page, following))
        link = request.url.update_query(cursor=following) if following else None
        return _json(self._listed(page, None), {"Link": f'<{link}>; rel="next"'} if link else {})

    def _changed(self, since: str, until: str) -> list[str]:
        def within(order: Fields) -> bool:
            updated = _instant(order["updated"])
            return (not since or updated >= _instant(since)) and (not until or updated < _instant(until))

        return [id_ for id_, order in self.orders.items() if within(order)] + list(self.raw)

    def _place(self, id_: str) -> str:
        return f"{_instant(self.orders[id_]['updated']).isoformat() if id_ in self.orders else '9'}|{id_}"

    def _encoded(self, id_: str) -> bytes:
        return self.raw.get(id_) or json.dumps(self.orders[id_]).encode()

    def _listed(self, ids: Iterable[str], following: str | None) -> bytes:
        items = b",".join(self._encoded(id_) for id_ in ids)
        return b'{"orders": [' + items + b'], "meta": ' + json.dumps({"next": following}).encode() + b"}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _json(body: bytes, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers=headers)
