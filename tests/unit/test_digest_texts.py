"""Digests in words: tables that are aligned, short enough, harmless, and in the reader's language."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.digest import Cell, Column, Digest, Kind, Table
from notifier.model.order import Money
from notifier.model.shop import Shop
from notifier.render.digest_file import as_data
from notifier.render.digest_style import Reader
from notifier.render.digest_words import DigestWords
from notifier.render.digests import DigestTexts, as_text
from notifier.render.library import Library
from notifier.rules.spreadsheet import as_csv
from notifier.rules.text import cells
from notifier.shipped import shipped

SHIPPED = shipped("templates")
SHOP = Shop(name="Lotus Tea House", zone="Asia/Shanghai")
TEXTS = DigestTexts(Library([SHIPPED]), SHOP)
AT = datetime(2026, 3, 2, 0, 45, tzinfo=UTC)
CNY = (Money(Decimal("1288.50"), "CNY"),)
COLUMNS = (
    Column("what", Kind.WORD),
    Column("order"),
    Column("since", Kind.INSTANT),
    Column("amount", Kind.MONEY),
    Column("count", Kind.NUMBER),
    Column("rate", Kind.SHARE),
    Column("mean time", Kind.LENGTH),
)
ROW: tuple[Cell, ...] = ("overdue", "1003", AT, CNY, 1200, 0.125, timedelta(hours=36))
NOTHING: tuple[Cell, ...] = ("unpaid", "", None, (), 0, None, None)
words = st.sampled_from(["", "a", "中文", "é1", "1,200", "宽 x"])
VALUES: dict[str, Cell] = {"day": date(2026, 3, 2), "count": 2}


def digest(*rows: tuple[Cell, ...], total: tuple[Cell, ...] = (), more: int = 0, empty: bool = False) -> Digest:
    table = Table(COLUMNS, rows, "open", total, more)
    return Digest("morning-list", (Table(COLUMNS[:1], (), "summary"), table), VALUES, empty)


def text(kind: str, shown: Digest, language: str = "en") -> str:
    return TEXTS.render(shown, kind, Reader(language)).text


def test_an_email_has_an_aligned_table() -> None:
    rendered = TEXTS.render(digest(ROW, NOTHING, total=ROW), "email", Reader())
    assert rendered.subject == "Morning list, March 2, 2026"
    assert rendered.text.splitlines()[:8] == [
        "2 things are left to do, the most pressing first.",
        "",
        "To do",
        "What              Order  Since                     Amount  Number   Rate  Mean time",
        "-----------------------------------------------------------------------------------",
        "Shipping overdue  1003   Mon, Mar 2, 8:45 AM  CN¥1,288.50   1,200  12.5%       36 h",
        "Unpaid                                                          0",
        "-----------------------------------------------------------------------------------",
    ]
    assert "At a glance" not in rendered.text, "an empty table is left out"


def test_in_chinese_wide_letters_take_two_columns() -> None:
    lines = text("email", digest(ROW, NOTHING), "zh-CN").splitlines()
    assert lines[0] == "共 2 项待处理，最急的在前。"
    assert lines[3:7] == [
        "事项      订单  起始时间               金额   数量   比率  平均时长",
        "-------------------------------------------------------------------",
        "发货超时  1003  3月2日周一 08:45  ¥1,288.50  1,200  12.5%   36 小时",
        "未付款                                           0",
    ]


@given(st.lists(st.lists(words, min_size=3, max_size=3), max_size=6))
def test_every_line_of_a_table_has_its_columns_below_each_other(rows: list[list[str]]) -> None:
    columns = (Column("order"), Column("count", Kind.NUMBER), Column("details"))
    shown = Digest("morning-list", (Table(columns, [tuple(row) for row in rows], "open"),), VALUES)
    _, _, (table,) = TEXTS.tables(shown, Reader())
    header, _, *lines = as_text(table).split("\n")[1:]
    ends = cells(header[: header.index("Number") + len("Number")])
    for line, row in zip(lines, rows, strict=True):
        head = line
        while cells(head) > ends:
            head = head[:-1]
        assert head.rstrip().endswith(row[1]) or not row[1]


def test_the_page_is_the_same_and_what_strangers_wrote_is_text() -> None:
    bold: tuple[Cell, ...] = ("overdue", "<b>1003</b>", AT, CNY, 1, 0.5, None)
    page = TEXTS.render(digest(bold, total=ROW, more=3), "email", Reader("zh-CN")).html
    assert "&lt;b&gt;1003&lt;/b&gt;" in page
    assert "<b>" not in page
    for words in ("2026年3月2日晨间清单", "发货超时", "……另有 3 项。", 'lang="zh-CN"', "max-width:940px"):
        assert words in page
    assert page.count("<tr") == page.count("</tr>")


def test_long_tables_are_cut_in_a_message_and_whole_in_the_file() -> None:
    rows = [("unpaid", f"o{number}", AT, CNY, 1, 0.5, None) for number in range(55)]
    rendered = TEXTS.render(digest(*rows, more=7), "email", Reader())
    assert "o39" in rendered.text
    assert "o40" not in rendered.text + rendered.html
    assert "… and 22 more." in rendered.text
    assert "… and 22 more." in rendered.html
    assert "o54" in TEXTS.csv(digest(*rows), Reader())
    assert "… and one more." in text("email", digest(*rows[:40], more=1))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_chat_message_is_as_long_as_networks_take_it(language: str) -> None:
    rows = [("unpaid", f"o{number}", AT, CNY, 1, 0.5, None) for number in range(200)]
    chat = text("chat", digest(*rows, more=50), language)
    assert len(chat.encode()) <= 2000
    listed = chat.count("\n- ")
    assert listed > 10
    assert str(250 - listed) in chat.splitlines()[-1]


def test_a_chat_message_says_what_numbers_are_and_leaves_out_what_is_nothing() -> None:
    assert text("chat", digest(ROW, NOTHING)).splitlines() == [
        "**Morning list, March 2, 2026**",
        "2 things are left to do, the most pressing first.",
        "**To do**",
        "- Shipping overdue · 1003 · Mon, Mar 2, 8:45 AM · CN¥1,288.50 · 1,200 · Rate 12.5% · Mean time 36 h",
        "- Unpaid · 0",
    ]


def test_an_sms_is_one_line() -> None:
    shown = digest(ROW)
    en = "Lotus Tea House: Morning list, March 2, 2026. 2 things are left to do, the most pressing first."
    assert text("sms", shown) == en
    assert text("sms", shown, "zh-CN") == "【Lotus Tea House】2026年3月2日晨间清单：共 2 项待处理，最急的在前。"


def test_with_nothing_to_say_it_says_so() -> None:
    assert text("sms", digest(empty=True)).endswith("Nothing is left over from yesterday.")
    assert text("chat", digest(empty=True)).splitlines()[1:] == ["Nothing is left over from yesterday."]
    assert text("email", digest(empty=True)).startswith("Nothing is left over from yesterday.")


def test_one_thing_is_not_several() -> None:
    one = Digest("morning-list", (), {"day": date(2026, 3, 2), "count": 1})
    assert "One thing is left to do." in text("sms", one)


def test_times_are_those_of_the_reader() -> None:
    rendered = TEXTS.render(digest(ROW), "chat", Reader("en-GB", "Europe/London"))
    assert "Mon 2 Mar, 00:45" in rendered.text
    assert TEXTS.render(digest(ROW), "chat", Reader("fr", "Nowhere/Land")).language == "en"


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(minutes=90), "90 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(hours=84), "3.5 d"),
    ],
)
def test_lengths_are_told_in_the_largest_unit_that_makes_sense(length: timedelta, shown: str) -> None:
    row: tuple[Cell, ...] = ("unpaid", "", None, (), None, None, length)
    assert text("chat", digest(row)).endswith(f"Mean time {shown}")


def read(content: str) -> list[list[str]]:
    assert content.startswith("\ufeff"), "or Excel takes it for something else"
    return list(csv.reader(io.StringIO(content[1:])))


def test_the_file_keeps_numbers() -> None:
    two = (*CNY, Money(Decimal(2), "EUR"))
    shown = digest(ROW, ("unpaid", "", None, two, None, None, None), total=("", "", None, CNY, 3, 0.5, None))
    assert read(TEXTS.csv(shown, Reader())) == [
        ["At a glance"],
        ["What"],
        [],
        ["To do"],
        ["What", "Order", "Since", "Amount", "Currency", "Number", "Rate", "Mean time (h)"],
        ["Shipping overdue", "1003", "2026-03-02T08:45+08:00", "1288.50", "CNY", "1200", "0.125", "36.0"],
        ["Unpaid", "", "", "1288.50 + 2", "CNY + EUR", "", "", ""],
        ["", "", "", "1288.50", "CNY", "3", "0.5", ""],
    ]
    single = Digest("morning-list", (Table(COLUMNS[:2], [ROW[:2]]),), VALUES)
    assert read(TEXTS.csv(single, Reader())) == [["What", "Order"], ["Shipping overdue", "1003"]]


@given(st.text(max_size=30))
def test_no_cell_of_a_file_is_a_formula(strange: str) -> None:
    row: tuple[Cell, ...] = (strange, strange, None, (), None, None, None)
    for line in read(TEXTS.csv(digest(row), Reader())):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)


def test_formulas_are_quoted() -> None:
    assert as_csv([["=cmd|' /C calc'!A0", "+1", "-1", "@x", "a=b", "", None, 3]]) == (
        "'=cmd|' /C calc'!A0,'+1,'-1,'@x,a=b,,,3\n"
    )


def test_programs_get_names_and_values() -> None:
    data = as_data(digest(ROW, more=2), "Asia/Shanghai")
    assert data["tables"][1] == {
        "name": "open",
        "rows": [
            {
                "what": "overdue",
                "order": "1003",
                "since": "2026-03-02T08:45:00+08:00",
                "amount": [{"amount": "1288.50", "currency": "CNY"}],
                "count": 1200,
                "rate": 0.125,
                "mean_time": 129600.0,
            }
        ],
        "total": None,
        "more": 2,
    }
    assert (data["digest"], data["empty"], data["values"]) == (
        "morning-list",
        False,
        {"day": "2026-03-02", "count": 2},
    )


def own(folder: Path, content: str, language: str = "en") -> DigestWords:
    (folder / language).mkdir()
    (folder / language / "digests.toml").write_text(content, encoding="utf-8")
    return DigestWords([folder, SHIPPED])


def test_a_file_of_ones_own_needs_only_what_differs(tmp_path: Path) -> None:
    words = own(tmp_path, '[morning-list]\ntitle = "To do on {day}"\n[words]\nunpaid = "No money yet"\n')
    assert list(words.problems()) == []
    english = words.words("en")
    assert english.sentence("morning-list", "title", {"day": "Monday"}) == "To do on Monday"
    assert english.of("words", "unpaid") == "No money yet"
    assert english.of("words", "unshipped") == "Not shipped"
    assert words.words("zh-CN").of("words", "unpaid") == "未付款"


def test_what_a_new_language_lacks_is_said_in_english(tmp_path: Path) -> None:
    words = own(tmp_path, '[words]\nunpaid = "Offen"\n', "de").words("de-AT")
    assert (words.language, words.of("words", "unpaid"), words.of("words", "late")) == ("de", "Offen", "Shipped late")


def test_mistakes_in_words_are_found(tmp_path: Path) -> None:
    bad = '[morning-list]\ntitel = "x"\nintroduction = "{cuont} things for {day}"\n[evening-list]\ntitle = "y"\n= 3\n'
    found = [f"{problem.line}: {problem.key}: {problem.message}" for problem in own(tmp_path, bad).problems()]
    assert len(found) == 4
    assert found[1:] == [
        "2: morning-list.titel: is nothing that it says",
        "3: morning-list.introduction: there is nothing to fill in for {cuont}",
        "4: evening-list: is nothing that a digest says",
    ]


def test_an_unknown_name_in_braces_stays_as_it_is(tmp_path: Path) -> None:
    words = own(tmp_path, '[frames]\nsms = "{shop} {__class__}"\n').words("en")
    assert words.sentence("frames", "sms", {"shop": "S"}) == "S {__class__}"
