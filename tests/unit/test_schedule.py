"""Time arithmetic, checked against `zoneinfo` and against days on which clocks changed.

In failures of time: C4 a skipped time, C5 a repeated one, C6 quiet hours, C7 months, C8 odd years, C11 unknown zones.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.model.duration import parse_duration
from notifier.model.job import Step
from notifier.model.shop import QuietHours, ReturnRight, WorkCalendar
from notifier.rules.schedule import at_local, due_at, local_date, localise, next_allowed, return_deadline, shift

PLAIN = WorkCalendar()
SHANGHAI, NEW_YORK, BERLIN, SAO_PAULO = "Asia/Shanghai", "America/New_York", "Europe/Berlin", "America/Sao_Paulo"
DAY = timedelta(days=1)

CHANGES = [
    (NEW_YORK, "2026-03-08T07:00Z"),
    (NEW_YORK, "2026-11-01T06:00Z"),
    (BERLIN, "2026-03-29T01:00Z"),
    (BERLIN, "2026-10-25T01:00Z"),
    (SAO_PAULO, "2017-10-15T03:00Z"),
    (SAO_PAULO, "2018-02-18T02:00Z"),
    ("America/Havana", "2026-03-08T05:00Z"),
    ("America/Havana", "2026-11-01T05:00Z"),
    ("America/St_Johns", "2010-11-07T02:31Z"),
    ("America/Nuuk", "2026-03-29T01:00Z"),
    ("America/Nuuk", "2026-10-25T01:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30Z"),
    ("Pacific/Apia", "2011-12-30T10:00Z"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def shown(instant: datetime, zone: str) -> datetime:
    """What clocks there show, without a zone."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def is_quiet(at: time, quiet: QuietHours) -> bool:
    if quiet.start < quiet.end:
        return quiet.start <= at < quiet.end
    return quiet.start != quiet.end and (at >= quiet.start or at < quiet.end)


seconds = st.integers(0, 10**9)
everywhere = st.tuples(
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
    st.integers(0, 2**31).map(lambda since_2000: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=since_2000)),
)
near_a_change = st.builds(
    lambda change, minutes: (change[0], change[1] + timedelta(minutes=minutes)),
    st.sampled_from([(zone, utc(instant)) for zone, instant in CHANGES]),
    st.integers(-40 * 60, 40 * 60),
)
moments = st.one_of(everywhere, near_a_change, near_a_change)
times = st.one_of(
    st.sampled_from([time(0), time(0, 30), time(1, 30), time(2), time(2, 10), time(2, 30), time(3), time(23, 30)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
quiets = st.builds(QuietHours, times, times)


@pytest.mark.parametrize(("zone", "instant"), CHANGES)
def test_the_changes_these_tests_rely_on_happen(zone: str, instant: str) -> None:
    after = utc(instant)
    assert shown(after, zone) - shown(after - timedelta(seconds=1), zone) != timedelta(seconds=1)


class TestLocalTimes:
    @pytest.mark.parametrize(
        ("zone", "local", "instant"),
        [
            (NEW_YORK, "2026-03-08T02:30", "2026-03-08T03:00-04:00"),
            (NEW_YORK, "2026-03-08T02:00", "2026-03-08T03:00-04:00"),
            (NEW_YORK, "2026-03-08T01:59:59", "2026-03-08T01:59:59-05:00"),
            (NEW_YORK, "2026-11-01T01:30", "2026-11-01T01:30-04:00"),
            (NEW_YORK, "2026-11-01T02:00", "2026-11-01T02:00-05:00"),
            (BERLIN, "2026-03-29T02:59", "2026-03-29T03:00+02:00"),
            (BERLIN, "2026-10-25T02:00", "2026-10-25T02:00+02:00"),
            (SAO_PAULO, "2017-10-15T00:00", "2017-10-15T01:00-02:00"),
            ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T02:30+11:00"),
            ("Pacific/Apia", "2011-12-30T10:00", "2011-12-31T00:00+14:00"),
            (SHANGHAI, "2038-01-19T11:14:08", "2038-01-19T03:14:08Z"),
            (SHANGHAI, "2026-11-01T08:00:00.000001", "2026-11-01T00:00:00.000001Z"),
        ],
    )
    def test_skipped_repeated_and_plain_ones(self, zone: str, local: str, instant: str) -> None:
        found = localise(datetime.fromisoformat(local), zone)
        assert found == utc(instant)
        assert found.tzinfo is UTC

    @given(moments, times)
    def test_it_is_the_first_instant_at_which_clocks_have_come_so_far(
        self, moment: tuple[str, datetime], at: time
    ) -> None:
        zone, near = moment
        wanted = datetime.combine(local_date(near, zone), at)
        found = at_local(wanted.date(), at, zone)
        assert shown(found, zone) >= wanted
        assert shown(found - timedelta(microseconds=1), zone) < wanted
        assert all(shown(found - timedelta(minutes=17 * n), zone) < wanted for n in range(1, 104, 3))

    @given(moments)
    def test_what_clocks_show_leads_back_to_the_instant_or_to_its_first_occurrence(
        self, moment: tuple[str, datetime]
    ) -> None:
        zone, instant = moment
        back = localise(shown(instant, zone), zone)
        assert shown(back, zone) == shown(instant, zone)
        assert back == instant or back < instant

    def test_fold_does_not_choose_the_second_occurrence(self) -> None:
        assert localise(datetime.fromisoformat("2026-11-01T01:30").replace(fold=1), NEW_YORK) == utc(
            "2026-11-01T05:30Z"
        )

    def test_a_datetime_with_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            localise(utc("2026-11-01T00:00Z"), SHANGHAI)

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Beijing", "../etc/passwd", "UTC+8"])
    def test_an_unknown_zone_is_refused(self, zone: str) -> None:
        with pytest.raises(ValueError, match="not found"):
            local_date(utc("2026-11-01T00:00Z"), zone)
        with pytest.raises(ValueError, match="not found"):
            at_local(date(2026, 11, 1), time(8), zone)

    def test_the_date_is_that_of_the_zone(self) -> None:
        assert local_date(utc("2026-11-01T16:30Z"), SHANGHAI) == date(2026, 11, 2)
        assert local_date(utc("2026-11-01T03:30Z"), NEW_YORK) == date(2026, 10, 31)


class TestShift:
    @pytest.mark.parametrize(
        ("zone", "anchor", "length", "instant"),
        [
            # A day is 24 hours, also when the local one has 23 or 25.
            (NEW_YORK, "2026-03-07T12:00-05:00", "1d", "2026-03-08T13:00-04:00"),
            (NEW_YORK, "2026-10-31T12:00-04:00", "1d", "2026-11-01T11:00-05:00"),
            (BERLIN, "2026-03-28T12:00+01:00", "1w", "2026-04-04T13:00+02:00"),
            # Months end where they end, and count from the anchor.
            (SHANGHAI, "2026-12-31T10:00+08:00", "2mo", "2027-02-28T10:00+08:00"),
            (SHANGHAI, "2027-12-31T10:00+08:00", "2mo", "2028-02-29T10:00+08:00"),
            (SHANGHAI, "2026-01-31T10:00+08:00", "1mo", "2026-02-28T10:00+08:00"),
            (SHANGHAI, "2026-01-31T10:00+08:00", "2mo", "2026-03-31T10:00+08:00"),
            (SHANGHAI, "2028-02-29T10:00+08:00", "1y", "2029-02-28T10:00+08:00"),
            # The local date decides: in UTC this is still 30 January.
            (SHANGHAI, "2026-01-31T02:00+08:00", "1mo", "2026-02-28T02:00+08:00"),
            # Local time of day is kept, 02:30 does not exist, 01:30 exists twice.
            (NEW_YORK, "2026-02-08T12:00-05:00", "1mo", "2026-03-08T12:00-04:00"),
            (NEW_YORK, "2026-02-08T02:30-05:00", "1mo", "2026-03-08T03:00-04:00"),
            (NEW_YORK, "2026-10-01T01:30-04:00", "1mo", "2026-11-01T01:30-04:00"),
            (SHANGHAI, "2037-12-31T23:59:59+08:00", "2mo", "2038-02-28T23:59:59+08:00"),
            # From Friday over the weekend; from Saturday as if from Monday.
            (SHANGHAI, "2026-11-06T17:45+08:00", "2wd", "2026-11-10T17:45+08:00"),
            (SHANGHAI, "2026-11-07T17:45+08:00", "2wd", "2026-11-11T17:45+08:00"),
            (NEW_YORK, "2026-03-06T12:00-05:00", "1wd", "2026-03-09T12:00-04:00"),
        ],
    )
    def test_on(self, zone: str, anchor: str, length: str, instant: str) -> None:
        found = shift(utc(anchor), parse_duration(length), zone, PLAIN)
        assert found == utc(instant)
        assert found.tzinfo is UTC

    @pytest.mark.parametrize(
        ("zone", "anchor", "length", "instant"),
        [
            (NEW_YORK, "2026-03-08T13:00-04:00", "1d", "2026-03-07T12:00-05:00"),
            (SHANGHAI, "2026-03-31T10:00+08:00", "1mo", "2026-02-28T10:00+08:00"),
            (SHANGHAI, "2026-11-10T09:00+08:00", "2wd", "2026-11-06T09:00+08:00"),
            (SHANGHAI, "2026-11-08T09:00+08:00", "2wd", "2026-11-04T09:00+08:00"),
        ],
    )
    def test_back(self, zone: str, anchor: str, length: str, instant: str) -> None:
        assert shift(utc(anchor), parse_duration(length), zone, PLAIN, back=True) == utc(instant)

    def test_a_day_is_elapsed_time_whatever_the_datetime_says_its_zone_is(self) -> None:
        before_the_change = datetime(2026, 3, 7, 12, tzinfo=ZoneInfo(NEW_YORK))
        assert shift(before_the_change, parse_duration("1d"), NEW_YORK, PLAIN) == utc("2026-03-08T17:00Z")

    def test_chinas_worked_weekends_count(self) -> None:
        # Saturday 10 October 2026 is worked for the National Day holidays, which end on Wednesday the 7th.
        paid = utc("2026-10-08T10:00+08:00")
        assert shift(paid, parse_duration("2wd"), SHANGHAI, WorkCalendar("CN")) == utc("2026-10-10T10:00+08:00")
        assert shift(paid, parse_duration("2wd"), SHANGHAI, PLAIN) == utc("2026-10-12T10:00+08:00")

    @given(moments, seconds)
    def test_exact_lengths_are_elapsed_time_and_lead_back(self, moment: tuple[str, datetime], length: int) -> None:
        zone, instant = moment
        duration = parse_duration(f"{length % 600_000_000}s")
        later = shift(instant, duration, zone, PLAIN)
        assert later.timestamp() - instant.timestamp() == duration.seconds
        assert shift(later, duration, zone, PLAIN, back=True) == instant

    @given(moments, st.integers(1, 48), st.booleans())
    def test_months_keep_the_day_of_the_anchor_or_end_with_the_month(
        self, moment: tuple[str, datetime], count: int, back: bool
    ) -> None:
        zone, instant = moment
        anchor = shown(instant, zone)
        found = shift(instant, parse_duration(f"{count}mo"), zone, PLAIN, back=back)
        month = anchor.year * 12 + anchor.month - 1 + (-count if back else count)
        first = date(month // 12, month % 12 + 1, 1)
        last = date((month + 1) // 12, (month + 1) % 12 + 1, 1) - DAY
        wanted = datetime.combine(min(first + (anchor.day - 1) * DAY, last), anchor.time())
        assert found == localise(wanted, zone)

    @given(near_a_change, st.integers(0, 3000), st.sampled_from(["1d", "1mo", "2mo", "1y", "1wd", "5wd"]))
    def test_who_starts_later_is_not_due_earlier(self, moment: tuple[str, datetime], minutes: int, length: str) -> None:
        zone, instant = moment
        later, duration = instant + timedelta(minutes=minutes), parse_duration(length)
        first, second = (shift(start, duration, zone, PLAIN) for start in (instant, later))
        if duration.exact:
            assert first <= second
        # In a repeated hour the clock itself goes back, and what keeps the local time goes back with it.
        elif shown(instant, zone) <= shown(later, zone):
            # Days of one weekend, or past one month's end, lead to the same day and keep their own times on it.
            assert local_date(first, zone) <= local_date(second, zone)

    @given(moments, st.integers(1, 12), st.booleans())
    def test_working_days_end_on_one_and_keep_the_local_time(
        self, moment: tuple[str, datetime], count: int, back: bool
    ) -> None:
        zone, instant = moment
        found = shift(instant, parse_duration(f"{count}wd"), zone, PLAIN, back=back)
        day = local_date(instant, zone)
        steps = range(-1, -40, -1) if back else range(1, 40)
        # From a day off the count starts at the next worked day, which therefore is none of those counted.
        counted = [day + n * DAY for n in steps if (day + n * DAY).weekday() < 5]
        wanted = counted[count - 1 if day.weekday() < 5 else count]
        assert found == at_local(wanted, shown(instant, zone).time(), zone)


class TestDue:
    @pytest.mark.parametrize(
        ("length", "at", "due"),
        [
            ("12h", None, "2026-03-02T02:00+08:00"),
            # By day: at ten on that day, be it later or a little earlier than the plain result.
            ("3d", time(10), "2026-03-04T10:00+08:00"),
            ("3d", time(18), "2026-03-04T18:00+08:00"),
            ("1w", time(10), "2026-03-08T10:00+08:00"),
            ("2mo", time(10), "2026-05-01T10:00+08:00"),
            ("2wd", time(10), "2026-03-04T10:00+08:00"),
            ("0d", time(10), "2026-03-01T10:00+08:00"),
            # Shorter: the next ten o'clock that is not too early.
            ("0s", time(10), "2026-03-02T10:00+08:00"),
            ("4h", time(18), "2026-03-01T18:00+08:00"),
            ("4h", time(17, 59), "2026-03-02T17:59+08:00"),
            ("72h", time(10), "2026-03-05T10:00+08:00"),
        ],
    )
    def test_after_a_sunday_at_two(self, length: str, at: time | None, due: str) -> None:
        moment = utc("2026-03-01T14:00+08:00")
        assert due_at(moment, Step(parse_duration(length)), at, SHANGHAI, PLAIN) == utc(due)

    @pytest.mark.parametrize(
        ("length", "at", "due"),
        [
            ("24h", None, "2026-10-31T23:59+08:00"),
            ("24h", time(10), "2026-10-31T10:00+08:00"),
            ("6h", time(20), "2026-10-31T20:00+08:00"),
            ("1d", time(10), "2026-10-31T10:00+08:00"),
            ("6h", time(17, 59), "2026-11-01T17:59+08:00"),
        ],
    )
    def test_before_a_deadline(self, length: str, at: time | None, due: str) -> None:
        deadline = utc("2026-11-01T23:59+08:00")
        assert due_at(deadline, Step(parse_duration(length), before=True), at, SHANGHAI, PLAIN) == utc(due)

    def test_three_days_later_at_ten_across_a_change_is_ten_there(self) -> None:
        step = Step(parse_duration("3d"))
        assert due_at(utc("2026-03-06T15:00-05:00"), step, time(10), NEW_YORK, PLAIN) == utc("2026-03-09T10:00-04:00")
        assert due_at(utc("2026-03-05T15:00-05:00"), step, time(2, 30), NEW_YORK, PLAIN) == utc("2026-03-08T07:00Z")

    def test_in_a_repeated_hour_only_the_first_occurrence_counts(self) -> None:
        plain = utc("2026-11-01T01:10-05:00")
        assert due_at(plain, Step(parse_duration("0s")), time(1, 30), NEW_YORK, PLAIN) == utc("2026-11-02T01:30-05:00")

    def test_where_a_new_day_begins_twice_nothing_is_due_before_the_plain_result(self) -> None:
        just_set_back = utc("2010-11-07T02:31Z")
        due = due_at(just_set_back, Step(parse_duration("0s")), time(0), "America/St_Johns", PLAIN)
        assert due == utc("2010-11-08T00:00-03:30")

    @given(moments, times, st.sampled_from(["0s", "90s", "4h", "12h", "30h", "72h"]))
    def test_short_steps_are_at_the_time_and_never_on_the_wrong_side(
        self, moment: tuple[str, datetime], at: time, length: str
    ) -> None:
        zone, instant = moment
        offset = parse_duration(length)
        plain = timedelta(seconds=offset.seconds)
        after = due_at(instant, Step(offset), at, zone, PLAIN)
        before = due_at(instant, Step(offset, before=True), at, zone, PLAIN)
        assert instant + plain <= after <= instant + plain + timedelta(hours=50)
        assert instant - plain - timedelta(hours=50) <= before <= instant - plain
        for found in (after, before):
            assert found in {at_local(local_date(found, zone) - n * DAY, at, zone) for n in (0, 1)}

    @given(moments, times, st.sampled_from(["1d", "3d", "1w", "1mo", "2wd"]), st.booleans())
    def test_steps_by_day_are_at_the_time_on_the_day_of_the_plain_result(
        self, moment: tuple[str, datetime], at: time, length: str, before: bool
    ) -> None:
        zone, instant = moment
        step = Step(parse_duration(length), before)
        plain = due_at(instant, step, None, zone, PLAIN)
        assert plain == shift(instant, step.offset, zone, PLAIN, back=before)
        assert due_at(instant, step, at, zone, PLAIN) == at_local(local_date(plain, zone), at, zone)


class TestReturnDeadline:
    @pytest.mark.parametrize(
        ("zone", "signed", "ends"),
        [
            (SHANGHAI, "2026-11-01T00:00:00+08:00", "2026-11-09T00:00+08:00"),
            (SHANGHAI, "2026-11-01T23:59:59+08:00", "2026-11-09T00:00+08:00"),
            (SHANGHAI, "2026-11-01T16:30Z", "2026-11-10T00:00+08:00"),
            # 168 hours: an hour more or less on the clock when it changes meanwhile.
            (NEW_YORK, "2026-03-05T12:00-05:00", "2026-03-13T01:00-04:00"),
            (NEW_YORK, "2026-10-30T12:00-04:00", "2026-11-06T23:00-05:00"),
            # 00:00 does not exist on this day, the count starts at 01:00.
            (SAO_PAULO, "2017-10-14T12:00-03:00", "2017-10-22T01:00-02:00"),
        ],
    )
    def test_seven_days_from_midnight(self, zone: str, signed: str, ends: str) -> None:
        assert return_deadline(utc(signed), ReturnRight(), zone) == utc(ends)

    def test_from_delivery(self) -> None:
        right = ReturnRight(days=7, counted_from="delivery")
        assert return_deadline(utc("2026-11-01T16:30Z"), right, SHANGHAI) == utc("2026-11-08T16:30Z")

    def test_longer_rights(self) -> None:
        assert return_deadline(utc("2026-11-01T16:30Z"), ReturnRight(days=30), SHANGHAI) == utc("2026-12-02T16:00Z")

    @given(moments, st.integers(1, 60))
    def test_midnight_is_never_worse_for_the_buyer_nor_more_than_a_day_better(
        self, moment: tuple[str, datetime], days: int
    ) -> None:
        zone, delivered = moment
        # Where clocks go back from just after midnight, the day after begins twice; the first time counts.
        delivered = min(delivered, localise(shown(delivered, zone), zone))
        shortest = return_deadline(delivered, ReturnRight(days, "delivery"), zone)
        from_midnight = return_deadline(delivered, ReturnRight(days), zone)
        assert shortest - delivered == days * DAY
        assert timedelta(0) < from_midnight - shortest <= timedelta(hours=26)
        assert local_date(from_midnight - days * DAY, zone) > local_date(delivered, zone)


NIGHT = QuietHours(time(22), time(8))


class TestNextAllowed:
    @pytest.mark.parametrize(
        ("zone", "quiet", "instant", "allowed"),
        [
            (SHANGHAI, NIGHT, "2026-11-01T21:59:59+08:00", "2026-11-01T21:59:59+08:00"),
            (SHANGHAI, NIGHT, "2026-11-01T22:00+08:00", "2026-11-02T08:00+08:00"),
            (SHANGHAI, NIGHT, "2026-11-02T00:00+08:00", "2026-11-02T08:00+08:00"),
            (SHANGHAI, NIGHT, "2026-11-02T07:59:59+08:00", "2026-11-02T08:00+08:00"),
            (SHANGHAI, NIGHT, "2026-11-02T08:00+08:00", "2026-11-02T08:00+08:00"),
            (SHANGHAI, QuietHours(time(12), time(14)), "2026-11-02T13:00+08:00", "2026-11-02T14:00+08:00"),
            (SHANGHAI, QuietHours(time(12), time(14)), "2026-11-02T23:00+08:00", "2026-11-02T23:00+08:00"),
            (SHANGHAI, QuietHours(time(0), time(8)), "2026-11-02T00:00+08:00", "2026-11-02T08:00+08:00"),
            (SHANGHAI, QuietHours(time(22), time(0)), "2026-11-02T23:00+08:00", "2026-11-03T00:00+08:00"),
            (NEW_YORK, NIGHT, "2026-03-07T23:00-05:00", "2026-03-08T08:00-04:00"),
            (NEW_YORK, NIGHT, "2026-10-31T23:00-04:00", "2026-11-01T08:00-05:00"),
            # The end is skipped: the first instant that exists.
            (NEW_YORK, QuietHours(time(22), time(2, 30)), "2026-03-08T01:00-05:00", "2026-03-08T03:00-04:00"),
            # The end happens twice: not while clocks show a quiet time again.
            (NEW_YORK, QuietHours(time(22), time(1, 30)), "2026-11-01T00:30-04:00", "2026-11-01T01:30-05:00"),
            (NEW_YORK, QuietHours(time(22), time(1, 30)), "2026-11-01T01:10-05:00", "2026-11-01T01:30-05:00"),
            # The twenty minutes that are allowed are skipped on this day.
            (NEW_YORK, QuietHours(time(2, 30), time(2, 10)), "2026-03-08T01:00-05:00", "2026-03-09T02:10-04:00"),
            # A whole day is skipped.
            ("Pacific/Apia", NIGHT, "2011-12-29T23:00-10:00", "2011-12-31T08:00+14:00"),
        ],
    )
    def test_nights_and_noons(self, zone: str, quiet: QuietHours, instant: str, allowed: str) -> None:
        assert next_allowed(utc(instant), quiet, zone) == utc(allowed)

    def test_without_quiet_hours_everything_may_go_at_once(self) -> None:
        midnight = utc("2026-11-02T00:00+08:00")
        assert next_allowed(midnight, None, SHANGHAI) is midnight
        assert next_allowed(midnight, QuietHours(time(8), time(8)), SHANGHAI) is midnight

    @given(moments, quiets)
    @example((NEW_YORK, utc("2026-11-01T01:40-04:00")), QuietHours(time(1, 30), time(5)))
    def test_never_quiet_never_earlier_and_settled(self, moment: tuple[str, datetime], quiet: QuietHours) -> None:
        zone, instant = moment
        found = next_allowed(instant, quiet, zone)
        assert found >= instant
        assert not is_quiet(shown(found, zone).time(), quiet)
        assert next_allowed(found, quiet, zone) == found

    @given(near_a_change, quiets, st.integers(0, 2000))
    def test_who_waits_longer_does_not_speak_earlier(
        self, moment: tuple[str, datetime], quiet: QuietHours, minutes: int
    ) -> None:
        zone, instant = moment
        later = instant + timedelta(minutes=minutes)
        assert next_allowed(instant, quiet, zone) <= next_allowed(later, quiet, zone)

    @given(moments, quiets)
    def test_no_longer_than_the_quiet_period(self, moment: tuple[str, datetime], quiet: QuietHours) -> None:
        zone, instant = moment
        found = next_allowed(instant, quiet, zone)
        steady = shown(instant + 2 * DAY, zone) - shown(instant - 2 * DAY, zone) == 4 * DAY
        if steady and found > instant:
            assert is_quiet(shown(instant, zone).time(), quiet)
            assert is_quiet(shown(found - timedelta(microseconds=1), zone).time(), quiet)
            assert found - instant <= DAY
