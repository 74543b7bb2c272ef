"""Digests in words: tables for people, as e-mail, chat message or SMS, and as CSV for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from notifier.model.digest import Cell, Digest, Kind, Table
from notifier.model.shop import Shop
from notifier.render.digest_file import table_file
from notifier.render.digest_style import Reader, Style
from notifier.render.digest_words import DigestWords
from notifier.render.fitting import MOST_CHAT_BYTES, cut
from notifier.render.formats import formats_for, zone_named
from notifier.render.library import Library
from notifier.render.rendered import Rendered
from notifier.render.sandbox import FORMATS
from notifier.rules.text import cells

PAGE = "digest.html"
_LONGEST_SMS = 200
_SHOWN = 40
"""Rows of a table in an e-mail; the attached CSV has all."""
_GAP = "  "
_RIGHT = frozenset({Kind.NUMBER, Kind.SHARE, Kind.MONEY, Kind.LENGTH})
_NAMED = frozenset({Kind.NUMBER, Kind.SHARE, Kind.LENGTH})


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column as the page shows it."""

    label: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table with everything in words. `more` says how many rows are left out; empty when none are."""

    heading: str
    columns: tuple[ShownColumn, ...]
    rows: list[tuple[str, ...]]
    total: tuple[str, ...] = ()
    more: str = ""


class DigestTexts:
    """Every digest in every language. `check` finds the mistakes of the words."""

    def __init__(self, library: Library, shop: Shop) -> None:
        self._library = library
        self._shop = shop
        self.words = DigestWords(library.folders)

    def render(self, digest: Digest, kind: str, reader: Reader) -> Rendered:
        """The digest for one kind of channel: "email", "chat" or "sms". Raises RenderError."""
        style = self._style(reader)
        title = style.sentence(digest, "title")
        introduction = style.sentence(digest, "nothing" if digest.empty else "introduction")
        language = style.words.language
        if kind == "sms":
            known = {"shop": self._shop.name, "title": title, "introduction": introduction}
            return Rendered("", cut(style.words.sentence("frames", "sms", known), _LONGEST_SMS), language=language)
        if kind == "chat":
            lines = [f"**{title}**", introduction, *(_chat_lines(style, digest))]
            more = sum(table.more for table in digest.tables)
            return Rendered("", _fitting(style, lines, more, MOST_CHAT_BYTES), language=language)
        tables = [self._shown(style, table, _SHOWN) for table in digest.tables if table.rows]
        text = "\n\n".join([introduction, *map(as_text, tables)])
        known = {"shop": self._shop.name}
        html = self._page(style, tables, title, introduction)
        return Rendered(title, f"{text}\n\n{style.words.sentence('frames', 'why', known)}", html, language)

    def tables(self, digest: Digest, reader: Reader) -> tuple[str, str, list[ShownTable]]:
        """Title, introduction and all rows of all tables in words, for a terminal."""
        style = self._style(reader)
        introduction = style.sentence(digest, "nothing" if digest.empty else "introduction")
        return (
            style.sentence(digest, "title"),
            introduction,
            [self._shown(style, t, len(t.rows)) for t in digest.tables],
        )

    def csv(self, digest: Digest, reader: Reader) -> str:
        """All rows as CSV in UTF-8 for spreadsheets; several tables stand below each other, with their headings.

        Numbers stay numbers: shares from 0 to 1, lengths of time in hours, money as amount and currency.
        """
        return table_file(self._style(reader), digest)

    def _style(self, reader: Reader) -> Style:
        words = self.words.words(reader.language, self._shop.language)
        zone = reader.zone if zone_named(reader.zone) else self._shop.zone
        return Style(words, formats_for(reader.language or self._shop.language, words.language, zone), zone)

    def _shown(self, style: Style, table: Table, most: int) -> ShownTable:
        columns = tuple(ShownColumn(style.words.of("columns", c.name), c.kind in _RIGHT) for c in table.columns)
        more = table.more + max(0, len(table.rows) - most)
        return ShownTable(
            style.words.of("tables", table.name) if table.name else "",
            columns,
            [_in_words(style, table, row) for row in table.rows[:most]],
            _total(style, table),
            _and_more(style, more),
        )

    def _page(self, style: Style, tables: Sequence[ShownTable], title: str, introduction: str) -> str:
        known = {
            "shop": self._shop,
            "language": style.words.language,
            "title": title,
            "introduction": introduction,
            "tables": tables,
            "why": style.words.sentence("frames", "why", {"shop": self._shop.name}),
            FORMATS: style.formats,
        }
        folder = next(n for n, path in enumerate(self._library.folders) if (path / PAGE).is_file())
        return self._library.fill(f"@{folder}/{PAGE}", known)


def _in_words(style: Style, table: Table, row: Sequence[Cell]) -> tuple[str, ...]:
    return tuple(style.cell(value, column.kind) for column, value in zip(table.columns, row, strict=True))


def _total(style: Style, table: Table) -> tuple[str, ...]:
    if not table.total:
        return ()
    first, *rest = _in_words(style, table, table.total)
    return (first or style.words.of("frames", "total"), *rest)


def _and_more(style: Style, more: int) -> str:
    return style.words.sentence("frames", "more", {"count": f"{more:,}"}, more) if more else ""


def as_text(table: ShownTable) -> str:
    """A table in one width: columns as wide as what is in them, numbers to the right."""
    rows = [*table.rows, table.total] if table.total else table.rows
    labels = tuple(column.label for column in table.columns)
    widths = [max(map(cells, column)) for column in zip(labels, *rows, strict=True)]
    rule = "-" * min(100, sum(widths) + len(_GAP) * (len(widths) - 1))

    def line(row: Sequence[str]) -> str:
        padded = map(_padded, row, widths, (column.right for column in table.columns))
        return _GAP.join(padded).rstrip()

    lines = [line(labels), rule, *map(line, table.rows), *([rule, line(table.total)] if table.total else [])]
    heading, more = ([text] if text else [] for text in (table.heading, table.more))
    return "\n".join([*heading, *lines, *more])


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def _chat_lines(style: Style, digest: Digest) -> Iterator[str]:
    """A line for each row; numbers carry the name of their column, what is nothing is left out."""
    for table in digest.tables:
        if table.rows and table.name:
            yield f"**{style.words.of('tables', table.name)}**"
        for row in table.rows:
            yield f"- {' · '.join(_chat_cells(style, table, row))}"


def _chat_cells(style: Style, table: Table, row: Sequence[Cell]) -> Iterator[str]:
    for column, value in zip(table.columns, row, strict=True):
        text = style.cell(value, column.kind)
        if not text:
            continue
        named = column.kind in _NAMED and column.name != "count"
        yield f"{style.words.of('columns', column.name)} {text}" if named else text


def _fitting(style: Style, lines: Sequence[str], more: int, most: int) -> str:
    """As many lines as fit, and how many rows are left out, with those that are not even among the lines."""
    kept = list(lines)
    while True:
        text = "\n".join(filter(None, [*kept, _and_more(style, more)]))
        if len(text.encode()) <= most or len(kept) <= 2:
            return text
        more += kept.pop().startswith("- ")
