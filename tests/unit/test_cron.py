"""Cron lines and intervals, on days on which clocks change above all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.cron import Cron, Interval, every, next_cron, parse_cron
from notifier.rules.schedule import at_local

NEW_YORK, BERLIN, SAO_PAULO, SHANGHAI = "America/New_York", "Europe/Berlin", "America/Sao_Paulo", "Asia/Shanghai"
DAY = timedelta(days=1)
CHANGES = [
    ("2017-10-12", "2017-10-18"),
    ("2018-02-15", "2018-02-21"),
    ("2026-03-05", "2026-03-11"),
    ("2026-03-26", "2026-04-01"),
    ("2026-04-21", "2026-04-27"),
    ("2026-10-22", "2026-10-28"),
    ("2026-10-29", "2026-11-04"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def firings(line: str, start: str, end: str, zone: str) -> list[datetime]:
    found = [next_cron(line, utc(start), zone)]
    while found[-1] < utc(end):
        found.append(next_cron(line, found[-1], zone))
    return found[:-1]


class TestParse:
    @pytest.mark.parametrize(
        "line",
        [
            "0 9 * * *",
            "*/5 * * * *",
            "45 8 * * MON-FRI",
            "0 10 1,15 * *",
            "0 16 LW * *",
            "0 0 * JAN-MAR sun,sat",
            "0 9 * * MON#2",
            "0 0 29 2 *",
            " 0  9 * * * ",
        ],
    )
    def test_right_lines(self, line: str) -> None:
        assert parse_cron(line) == Cron(" ".join(line.split()))

    @pytest.mark.parametrize("day", ["0", "7", "1-5", "1,3", "*/2", "MON-5", "5L", "1#2", "٣"])
    def test_digits_for_days_of_the_week_are_refused(self, day: str) -> None:
        with pytest.raises(ValueError, match=r"disagree about which one is 0; write their names, such as MON-FRI"):
            parse_cron(f"0 9 * * {day}")

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("0 9 * *", "five fields: minute, hour, day of month, month, day of week"),
            ("0 0 9 * * *", "five fields"),
            ("@daily", "five fields"),
            ("", "five fields"),
            ("60 9 * * *", "mistake in minute, which takes 0 to 59"),
            ("0 24 * * *", "mistake in hour, which takes 0 to 23"),
            ("*/0 9 * * *", "mistake in minute"),
            ("0 9 0 * *", "mistake in day-of-month, which takes 1 to 31"),
            ("0 9 30 FEB *", "as many as the month has"),
            ("0 9 * 13 *", "mistake in month, which takes 1 to 12 or JAN to DEC"),
            ("0 9 * * MONDAY", "mistake in day-of-week, which takes SUN to SAT"),
            ("0 9 * * FRI-SUN", "write FRI,SAT,SUN"),
            ("0 9 */31 FEB MON#5", "never comes: no date fits its day, month and day of week"),
        ],
    )
    def test_wrong_lines_are_told_what_is_right(self, line: str, sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence):
            parse_cron(line)

    @given(st.text("0123456789*/-,#LWMONFEB ", max_size=24))
    def test_anything_is_a_line_or_a_sentence(self, text: str) -> None:
        try:
            parsed = parse_cron(text)
        except ValueError as error:
            assert repr(text) in str(error)  # noqa: PT017 - both ends are right
        else:
            assert next_cron(parsed.line, utc("2026-01-01T00:00Z"), "UTC") > utc("2026-01-01T00:00Z")


class TestNext:
    @pytest.mark.parametrize(
        ("line", "zone", "after", "fires"),
        [
            ("0 9 * * *", SHANGHAI, "2026-11-01T08:59+08:00", "2026-11-01T09:00+08:00"),
            ("0 9 * * *", SHANGHAI, "2026-11-01T09:00+08:00", "2026-11-02T09:00+08:00"),
            ("0 9 * * *", SHANGHAI, "2026-11-01T08:59:59.5+08:00", "2026-11-01T09:00+08:00"),
            ("45 8 * * MON-FRI", SHANGHAI, "2026-11-06T12:00+08:00", "2026-11-09T08:45+08:00"),
            ("0 9 * * SUN", SHANGHAI, "2026-11-02T12:00+08:00", "2026-11-08T09:00+08:00"),
            ("0 16 LW * *", SHANGHAI, "2026-05-01T00:00+08:00", "2026-05-29T16:00+08:00"),
            ("0 0 29 2 *", SHANGHAI, "2026-05-01T00:00+08:00", "2028-02-29T00:00+08:00"),
            # 02:30 does not exist: once, at 03:00.
            ("30 2 * * *", NEW_YORK, "2026-03-08T01:59-05:00", "2026-03-08T03:00-04:00"),
            ("30 2 * * *", NEW_YORK, "2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"),
            # 01:30 exists twice: the first, also when asked in between.
            ("30 1 * * *", NEW_YORK, "2026-11-01T01:00-04:00", "2026-11-01T01:30-04:00"),
            ("30 1 * * *", NEW_YORK, "2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"),
            ("30 1 * * *", NEW_YORK, "2026-11-01T01:10-05:00", "2026-11-02T01:30-05:00"),
            # Midnight does not exist, and the day after it is not left out.
            ("0 0 * * *", SAO_PAULO, "2017-10-14T12:00-03:00", "2017-10-15T01:00-02:00"),
            ("0 0 * * *", NEW_YORK, "2026-03-08T12:00-04:00", "2026-03-09T00:00-04:00"),
            # Every so many minutes goes on through the repeated hour and over the skipped one.
            ("*/30 * * * *", NEW_YORK, "2026-11-01T01:30-04:00", "2026-11-01T01:00-05:00"),
            ("*/30 * * * *", NEW_YORK, "2026-03-08T01:30-05:00", "2026-03-08T03:00-04:00"),
        ],
    )
    def test_it_comes_at(self, line: str, zone: str, after: str, fires: str) -> None:
        found = next_cron(line, utc(after), zone)
        assert found == utc(fires)
        assert found.tzinfo is UTC

    @pytest.mark.parametrize(
        "zone", [NEW_YORK, BERLIN, SAO_PAULO, "America/Havana", "Africa/Cairo", "Antarctica/Troll"]
    )
    @pytest.mark.parametrize("line", ["0 0 * * *", "30 1 * * *", "30 2 * * *"])
    def test_a_daily_line_fires_once_on_each_local_date(self, line: str, zone: str) -> None:
        for first, last in CHANGES:
            fired = firings(line, f"{first}T12:00Z", f"{last}T12:00Z", zone)
            dates = [instant.astimezone(ZoneInfo(zone)).date() for instant in fired]
            assert dates == [dates[0] + n * DAY for n in range(len(dates))]
            assert len(dates) == (date.fromisoformat(last) - date.fromisoformat(first)).days

    @given(
        st.sampled_from([NEW_YORK, BERLIN, SAO_PAULO, SHANGHAI, "Australia/Lord_Howe", "Africa/Casablanca"]),
        st.datetimes(datetime.fromisoformat("2017-01-01"), datetime.fromisoformat("2027-01-01")),
        st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    )
    def test_a_daily_line_agrees_with_local_times(self, zone: str, naive: datetime, at: time) -> None:
        after = naive.replace(tzinfo=UTC)
        found = next_cron(f"{at.minute} {at.hour} * * *", after, zone)
        today = after.astimezone(ZoneInfo(zone)).date()
        assert found == min(instant for n in (-1, 0, 1, 2) if (instant := at_local(today + n * DAY, at, zone)) > after)

    def test_wrong_lines_and_zones_are_refused(self) -> None:
        with pytest.raises(ValueError, match="write their names"):
            next_cron("0 9 * * 1", utc("2026-01-01T00:00Z"), SHANGHAI)
        for zone in ("Mars/Olympus", "", "America", "../etc"):
            with pytest.raises(ValueError, match="is not a time zone; use a name such as Asia/Shanghai"):
                next_cron("0 9 * * *", utc("2026-01-01T00:00Z"), zone)


class TestEvery:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("30s", Interval(30)),
            ("5m", Interval(300)),
            ("1h30m", Interval(5400)),
            ("1d", Interval(86_400)),
            ("0 9 * * MON-FRI", Cron("0 9 * * MON-FRI")),
        ],
    )
    def test_intervals_and_lines(self, text: str, meant: Interval | Cron) -> None:
        assert every(text) == meant

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "'' is neither an interval such as 30s or 5m nor a cron line of five fields"),
            ("5 m", "neither an interval"),
            ("hourly", "neither an interval"),
            ("0 9 * *", "neither an interval"),
            ("1mo", "neither an interval"),
            ("2wd", "neither an interval"),
            ("-5m", "neither an interval"),
            ("0s", "would never wait; write at least 1s"),
            ("0 9 * * 1-5", "write their names"),
        ],
    )
    def test_others_are_told_what_is_right(self, text: str, sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence):
            every(text)
