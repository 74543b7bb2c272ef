"""How a shop's list goes on from page to page, and how it is noticed that it never ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from yarl import URL

from notifier.errors import SourceError
from notifier.sources.http_body import Body
from notifier.sources.http_options import HttpOptions

Place = dict[str, Any]
"""Where a page is: {"page": 3}, {"offset": 500}, {"cursor": "…"} or {"url": "…"}; {} is the first."""


class Pager:
    """Knows one of the five styles: a single page, page numbers, offsets, cursors, links."""

    def __init__(self, name: str, options: HttpOptions) -> None:
        self.name = name
        self.paging = options.paging
        self.max_pages = options.max_pages
        self.page_size = options.page_size
        self.origin = URL(options.url, encoded=True).origin()

    def first(self) -> Place:
        """Where the list begins."""
        return {"page": {"page": self.paging.first}, "offset": {"offset": 0}}.get(self.paging.style, {})

    def params(self, place: Place) -> dict[str, str]:
        """The parameters that ask for the page at `place`."""
        names = {
            "page": self.paging.page_param,
            "offset": self.paging.offset_param,
            "cursor": self.paging.cursor_param,
        }
        found = {names[kind]: str(value) for kind, value in place.items() if kind in names}
        if self.paging.size_param:
            found[self.paging.size_param] = str(self.page_size)
        return found

    def is_end(self, place: Place, status: int) -> bool:
        """Some shops answer 404 behind their last page."""
        return status == 404 and place.get("page", 0) > self.paging.first

    def walk(self) -> Walk:
        """A walk through the list from page to page."""
        return Walk(self)


class Walk:
    """One walk. It raises SourceError at the second sight of a place or a page, and after `max_pages`."""

    def __init__(self, pager: Pager) -> None:
        self._pager = pager
        self._seen: set[str] = set()
        self._before: Sequence[str] = ()
        self._pages = 0

    def after(self, place: Place, body: Body | None, link: str, content: Sequence[str]) -> Place | None:
        """Where the page after `place` is, None after the last. `content` tells this page from another."""
        following = self._following(place, body, link, len(content)) if body else None
        if following is None:
            return None
        self._pages += 1
        if self._pages >= self._pager.max_pages:
            raise self._error(f"the list has no end after {self._pages} pages; if it is that long, raise max_pages")
        if content and content == self._before:
            raise self._error("two pages are the same; does the shop know the parameters under paging?")
        self._before = content
        self._seen.add(json.dumps(place, sort_keys=True))
        if json.dumps(following, sort_keys=True) in self._seen:
            raise self._error("the list leads back to a page that was read before")
        return following

    def _following(self, place: Place, body: Body, link: str, count: int) -> Place | None:
        paging = self._pager.paging
        if paging.more and not body.value(paging.more):
            return None
        if paging.style == "page":
            return {"page": place["page"] + 1} if count else None
        if paging.style == "offset":
            return {"offset": place["offset"] + count} if count else None
        if paging.style == "cursor":
            return self._by_cursor(body.value(paging.next))
        return self._by_link(link) if paging.style == "link" and link else None

    def _by_cursor(self, token: Any) -> Place | None:
        if token is None or token == "" or token is False:
            return None
        if not isinstance(token, str | int):
            raise self._error("what stands at paging.next is not a cursor")
        text = str(token)
        return self._by_link(text) if text.startswith(("http://", "https://")) else {"cursor": text}

    def _by_link(self, link: str) -> Place:
        """Credentials go with every request: no answer may send them to another host."""
        url = URL(link)
        if not url.absolute or url.origin() != self._pager.origin:
            raise self._error("the next page is on another host, which is not asked")
        return {"url": str(url)}

    def _error(self, sentence: str) -> SourceError:
        return SourceError(f"source {self._pager.name}: {sentence}")
