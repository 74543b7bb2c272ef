"""A shop read over HTTP: `type = "http"`, any JSON interface that lists orders by the time of their change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from yarl import URL

from notifier.errors import BadOrder, SourceError
from notifier.interfaces import Page, Record, Surroundings
from notifier.model.order import Order
from notifier.sources.http_body import Body
from notifier.sources.http_client import Rejected, ShopClient
from notifier.sources.http_options import HttpOptions
from notifier.sources.http_paging import Pager, Place
from notifier.sources.json_records import JsonRecords, decoded
from notifier.sources.normalise import Normaliser
from notifier.sources.paths import compile_path
from notifier.sources.window import begin_window, bound_window

_GONE = {404, 410}
_STALE = {400, 404, 410, 422}


@dataclass(frozen=True, slots=True)
class _Round:
    """The window being read and where; `place` None is its first page."""

    since: datetime
    until: datetime
    place: Place | None = None

    def at(self, place: Place | None) -> str:
        """The cursor with which the round goes on at `place`; None: it has come to its end."""
        if place is None:
            return json.dumps({"read": self.until.isoformat()})
        return json.dumps({"since": self.since.isoformat(), "until": self.until.isoformat(), "place": place})


class HttpSource:
    """Reads orders over HTTP: a list by time of change, single ones by id. It only ever asks with GET.

    A poll goes back by `overlap` behind the last one and reads up to our own now; a page's cursor is where the next
    page begins. An answer that is cut off, too long, no JSON or of the wrong kind is rejected as a whole.
    """

    Options = HttpOptions

    def __init__(self, name: str, options: HttpOptions, around: Surroundings) -> None:
        self.name = name
        self._options = options
        self._zone = options.zone or around.shop.zone
        self._normaliser = Normaliser(name, options, around.shop, compile_path)
        self._client = ShopClient(name, options)
        self._pager = Pager(name, options)
        self._json = JsonRecords(self._normaliser, options)

    async def poll(self, cursor: str | None, now: datetime) -> AsyncIterator[Page]:
        """Everything that has changed since `cursor`, page by page; the last page's cursor ends the round.

        A round that was broken off goes on where it was, or begins again when the shop has forgotten the place;
        another one follows it up to `now`.
        """
        read, round_ = _load(cursor)
        round_ = round_ or self._begin(read, now)
        while True:
            async with aclosing(self._pages(round_)) as pages:
                async for page in pages:
                    yield page
            if round_.until >= now:
                return
            round_ = self._begin(round_.until, now)

    async def look(self, ids: Sequence[str]) -> Mapping[str, Record]:
        """These orders as the shop has them now; those it does not have are left out.

        What a batch leaves out is asked for singly, where that is possible: shops cut long batches short.
        """
        found: dict[str, Record] = {}
        if self._options.orders_url:
            plain = [id_ for id_ in ids if "," not in id_]
            size = self._options.look_batch
            parts = [plain[start : start + size] for start in range(0, len(plain), size)]
            for records in await self._together(self._look_batch(part) for part in parts):
                found.update(records)
        if self._options.order_url:
            missing = [id_ for id_ in dict.fromkeys(ids) if id_ not in found and id_ not in {"", ".", ".."}]
            for records in await self._together(self._look_one(id_) for id_ in missing):
                found.update(records)
        return {id_: found[id_] for id_ in ids if id_ in found}

    def order(self, record: Record) -> Order:
        """Understand a record. Raises BadOrder."""
        return self._normaliser.order(decoded(record.fields))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _begin(self, read: datetime | None, now: datetime) -> _Round:
        since = begin_window(read, now, self._options.overlap, self._options.oldest)
        return _Round(since, max(now, since))

    async def _pages(self, round_: _Round) -> AsyncGenerator[Page, None]:
        """The pages of a round. Raises SourceError when it does not come to an end, or goes round in circles."""
        place, resumed = round_.place or self._pager.first(), round_.place is not None
        walk = self._pager.walk()
        following: Place | None = place
        while following is not None:
            place = following
            content: bytes | None
            try:
                content, link = await self._client.get(self._list_url(round_, place))
            except Rejected as error:
                if resumed and error.status in _STALE:
                    following, resumed = self._pager.first(), False
                    continue
                if not self._pager.is_end(place, error.status):
                    raise
                content, link = None, ""
            body = None if content is None else self._body(content)
            records, trouble = self._records(self._items(body, self._options.items) if body else [])
            following = walk.after(place, body, link, [record.digest for record in records] + list(trouble))
            resumed = False
            yield Page(records, round_.at(following), trouble)

    def _list_url(self, round_: _Round, place: Place) -> URL:
        if "url" in place:
            return URL(str(place["url"]), encoded=True)
        bounds = bound_window(round_.since, round_.until, self._zone, self._options.time_format)
        since, until = str(bounds[0]), str(bounds[1])
        text = self._options.url.replace("{since}", quote(since, safe="")).replace("{until}", quote(until, safe=""))
        named = {self._options.since_param: since, self._options.until_param: until}
        params = {name: value for name, value in named.items() if name}
        return URL(text, encoded=True).extend_query({**self._options.params, **params, **self._pager.params(place)})

    async def _look_batch(self, ids: Sequence[str]) -> dict[str, Record]:
        text = ",".join(quote(id_, safe="") for id_ in ids)
        content, _ = await self._client.get(URL(self._options.orders_url.replace("{ids}", text), encoded=True))
        records, _ = self._records(self._items(self._body(content), self._options.items))
        return {record.id: record for record in records}

    async def _look_one(self, id_: str) -> dict[str, Record]:
        url = URL(self._options.order_url.replace("{id}", quote(id_, safe="")), encoded=True)
        try:
            content, _ = await self._client.get(url)
        except Rejected as error:
            if error.status in _GONE:
                return {}
            raise
        try:
            record = self._json.record(self._body(content).item(self._options.item))
        except (BadOrder, ValueError):
            raise self._error("the answer to order_url is not an order; check item and fields.id") from None
        if record.id != id_:
            raise self._error("the answer to order_url is another order than the one that was asked for")
        return {id_: record}

    async def _together(self, questions: Iterable[Any]) -> list[dict[str, Record]]:
        """Ask at most `concurrency` questions at a time; the first failure ends them all."""
        gate = asyncio.Semaphore(self._options.concurrency)

        async def one(question: Any) -> dict[str, Record]:
            async with gate:
                answer: dict[str, Record] = await question
                return answer

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(question)) for question in questions]
        except* SourceError as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    def _body(self, content: bytes) -> Body:
        try:
            return Body(content)
        except ValueError:
            raise self._error("the answer is not whole JSON") from None

    def _items(self, body: Body, path: str) -> list[Any]:
        try:
            return body.items(path)
        except ValueError:
            place = f"at {path}" if path else "of orders"
            raise self._error(f"the answer holds no list {place}; check items") from None

    def _records(self, items: Iterable[Any]) -> tuple[tuple[Record, ...], tuple[str, ...]]:
        records, trouble = [], []
        for item in items:
            try:
                records.append(self._json.record(item))
            except BadOrder as error:
                trouble.append(f"an order of {self.name} is left out: {error}")
        return tuple(records), tuple(trouble)

    def _error(self, sentence: str) -> SourceError:
        return SourceError(f"source {self.name}: {sentence}")


def _load(cursor: str | None) -> tuple[datetime | None, _Round | None]:
    """How far everything was read, or the round under way; the beginning for None and another source's cursor."""
    try:
        saved = json.loads(cursor) if cursor else {}
        if "place" in saved:
            since, until = (datetime.fromisoformat(saved[name]) for name in ("since", "until"))
            return None, _Round(since, until, saved["place"])
        return (datetime.fromisoformat(saved["read"]) if saved.get("read") else None), None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, None
