"""Working days and holidays on real dates: China's decrees of 2025 and 2026, and some other countries."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.shop import WorkCalendar
from notifier.rules.workdays import add_workdays, holiday_dates, is_workday
from tests.fakes.drawn import some_of

PLAIN, CHINA = WorkCalendar(), WorkCalendar("CN")
DAY = timedelta(days=1)


def day(text: str) -> date:
    return date.fromisoformat(text)


def span(first: str, last: str) -> list[date]:
    return [day(first) + n * DAY for n in range((day(last) - day(first)).days + 1)]


OWN = WorkCalendar("CN", holidays=frozenset({day("2026-03-02")}), workdays=frozenset({day("2026-02-17")}))
calendars = st.one_of(
    st.sampled_from([PLAIN, CHINA, OWN, WorkCalendar("US"), WorkCalendar("AE")]),
    st.builds(
        WorkCalendar,
        holidays=some_of(span("2026-01-01", "2026-01-20")),
        workdays=some_of(span("2026-01-01", "2026-01-20")),
    ),
)
days = st.dates(day("2025-01-01"), day("2026-12-31"))
counts = st.integers(0, 30)


class TestWorkdays:
    def test_china_works_these_weekend_days(self) -> None:
        of_2025 = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"]
        of_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
        weekends = [each for each in span("2025-01-01", "2026-12-31") if each.weekday() >= 5]
        assert [each for each in weekends if is_workday(each, CHINA)] == [day(text) for text in of_2025 + of_2026]
        assert not any(is_workday(each, PLAIN) for each in weekends)

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("2025-01-28", "2025-02-04"),
            ("2025-05-01", "2025-05-05"),
            ("2025-10-01", "2025-10-08"),
            ("2026-01-01", "2026-01-03"),
            ("2026-02-15", "2026-02-23"),
            ("2026-05-01", "2026-05-05"),
            ("2026-10-01", "2026-10-07"),
        ],
    )
    def test_china_rests_through_its_long_holidays_and_works_around_them(self, first: str, last: str) -> None:
        assert not any(is_workday(each, CHINA) for each in span(first, last))
        assert is_workday(add_workdays(day(last), 0, CHINA), CHINA)
        assert add_workdays(day(last), 0, CHINA) - day(last) <= 3 * DAY

    def test_plain_weeks(self) -> None:
        assert [is_workday(each, PLAIN) for each in span("2026-11-02", "2026-11-08")] == [True] * 5 + [False] * 2
        assert is_workday(day("2026-12-25"), PLAIN)

    def test_other_countries(self) -> None:
        assert not is_workday(day("2026-11-26"), WorkCalendar("US"))
        # Independence Day falls on a Saturday and is observed on the Friday.
        assert not is_workday(day("2026-07-03"), WorkCalendar("US"))
        # New Year's Day 2028 is a Saturday: its Friday belongs to the year before.
        assert not is_workday(day("2027-12-31"), WorkCalendar("US"))
        # Friday and Saturday are the weekend here.
        assert [is_workday(each, WorkCalendar("SA")) for each in span("2026-11-05", "2026-11-08")] == [
            True,
            False,
            False,
            True,
        ]

    def test_the_last_day_of_a_leap_year_is_known(self) -> None:
        assert is_workday(day("2024-12-31"), CHINA)

    def test_the_calendars_own_days_win_over_the_countrys(self) -> None:
        assert is_workday(day("2026-02-17"), OWN)
        assert not is_workday(day("2026-03-02"), OWN)
        assert not is_workday(day("2026-02-18"), OWN)

    def test_its_own_workdays_win_over_its_own_holidays(self) -> None:
        both = frozenset({day("2026-11-02")})
        assert is_workday(day("2026-11-02"), WorkCalendar(holidays=both, workdays=both))

    @pytest.mark.parametrize("code", ["XX", "cn", "China", "CHN", "constants"])
    def test_an_unknown_country_is_refused_with_what_to_write(self, code: str) -> None:
        with pytest.raises(ValueError, match=r"two capital letters, such as CN or US"):
            is_workday(day("2026-11-02"), WorkCalendar(code))


class TestCounting:
    @pytest.mark.parametrize(
        ("start", "count", "end"),
        [
            ("2026-11-04", 2, "2026-11-06"),
            ("2026-11-06", 1, "2026-11-09"),
            ("2026-11-06", 0, "2026-11-06"),
            ("2026-11-07", 0, "2026-11-09"),
            ("2026-11-07", 1, "2026-11-10"),
            ("2026-11-08", 2, "2026-11-11"),
            ("2026-11-09", -1, "2026-11-06"),
            ("2026-11-08", -1, "2026-11-05"),
        ],
    )
    def test_over_a_weekend(self, start: str, count: int, end: str) -> None:
        assert add_workdays(day(start), count, PLAIN) == day(end)

    @pytest.mark.parametrize(
        ("start", "count", "end"),
        [
            # Saturday the 14th is worked, then nine days of Spring Festival.
            ("2026-02-13", 1, "2026-02-14"),
            ("2026-02-13", 2, "2026-02-24"),
            ("2026-02-20", 1, "2026-02-25"),
            ("2026-09-30", 2, "2026-10-09"),
            ("2026-10-09", 1, "2026-10-10"),
            ("2026-10-08", -1, "2026-09-30"),
            ("2025-09-30", 1, "2025-10-09"),
            ("2025-12-31", 1, "2026-01-04"),
        ],
    )
    def test_in_china(self, start: str, count: int, end: str) -> None:
        assert add_workdays(day(start), count, CHINA) == day(end)

    @given(days, counts, calendars)
    def test_it_ends_on_a_workday_with_as_many_between(self, start: date, count: int, calendar: WorkCalendar) -> None:
        begin, end = add_workdays(start, 0, calendar), add_workdays(start, count, calendar)
        assert is_workday(end, calendar)
        assert sum(is_workday(begin + n * DAY, calendar) for n in range(1, (end - begin).days + 1)) == count

    @given(days, counts, counts, calendars)
    def test_steps_add_up_and_lead_back(self, start: date, first: int, second: int, calendar: WorkCalendar) -> None:
        end = add_workdays(start, first + second, calendar)
        assert add_workdays(add_workdays(start, first, calendar), second, calendar) == end
        assert add_workdays(end, -first - second, calendar) == add_workdays(start, 0, calendar) or not first + second

    @given(days, counts, st.integers(0, 20), calendars)
    def test_who_starts_later_does_not_end_earlier(
        self, start: date, count: int, later: int, calendar: WorkCalendar
    ) -> None:
        for signed in (count, -count):
            assert add_workdays(start, signed, calendar) <= add_workdays(start + later * DAY, signed, calendar)


class TestHolidayDates:
    @pytest.mark.parametrize(
        ("country", "name", "dates"),
        [
            ("CN", "Chinese New Year", {"2025-01-29": "Chinese New Year", "2026-02-17": "Chinese New Year"}),
            ("CN", "Mid-Autumn Festival", {"2025-10-06": "Mid-Autumn Festival", "2026-09-25": "Mid-Autumn Festival"}),
            ("CN", "mid-autumn", {"2025-10-06": "Mid-Autumn Festival", "2026-09-25": "Mid-Autumn Festival"}),
            ("CN", "National Day", {"2025-10-01": "National Day", "2026-10-01": "National Day"}),
            # In 2026 its Monday is off instead; the greeting goes out on the day itself.
            ("CN", "Tomb-Sweeping Day", {"2025-04-04": "Tomb-Sweeping Day", "2026-04-05": "Tomb-Sweeping Day"}),
            ("DE", "Christmas Day", {"2025-12-25": "Christmas Day", "2026-12-25": "Christmas Day"}),
            ("US", "independence day", {"2025-07-04": "Independence Day", "2026-07-04": "Independence Day"}),
            ("US", "thanksgiving", {"2025-11-27": "Thanksgiving Day", "2026-11-26": "Thanksgiving Day"}),
        ],
    )
    def test_one_day_for_each_holiday(self, country: str, name: str, dates: dict[str, str]) -> None:
        found = holiday_dates(country, name, [2026, 2025])
        assert {each.isoformat(): known for each, known in found.items()} == dates
        assert list(found) == sorted(found)

    def test_two_holidays_on_one_day_are_both_found(self) -> None:
        assert holiday_dates("CN", "Mid-Autumn Festival", [2020]) == {day("2020-10-01"): "Mid-Autumn Festival"}
        assert holiday_dates("CN", "National Day", [2020]) == {day("2020-10-01"): "National Day"}

    def test_a_part_of_a_name_finds_all_that_have_it(self) -> None:
        found = holiday_dates("CN", "new year", [2026])
        assert list(found.values()) == ["New Year's Day", "Chinese New Year's Eve", "Chinese New Year"]

    def test_an_unknown_name_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(ValueError, match=r"CN has no holiday called 'Easter'; it has Chinese New Year, .*Tomb"):
            holiday_dates("CN", "Easter", [2026])

    def test_an_unknown_country_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'Atlantis' is not a country"):
            holiday_dates("Atlantis", "Easter", [2026])
