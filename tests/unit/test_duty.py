"""Who is on duty when: periods, days off, turns, overrides, and clocks that change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.oncall import Agent, OnCall, Override, Period, Shift, Span
from notifier.rules.duty import AHEAD, Roster
from tests.fakes.drawn import minutes_of_day, periods, some_of

MONDAY = date(2026, 3, 2)
DAILY = frozenset(range(7))
WORKDAYS = frozenset(range(5))
HOUR = timedelta(hours=1)
FIRST = datetime(2008, 1, 1, tzinfo=UTC)
LONG_AGO = date(2007, 12, 1)
ZONES = (
    "UTC",
    "Asia/Shanghai",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "America/St_Johns",
)
zones = st.sampled_from(ZONES)
# The years before 2012 hold the strangest: St John's changed its clocks at 00:01, Cairo in summer.
instants = st.integers(0, 20 * 366 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def period(start: str, end: str, days: frozenset[int] = DAILY) -> Period:
    return Period(days, time.fromisoformat(start), time.fromisoformat(end))


def roster(*agents: Agent, shift: Shift | None = None, zone: str = "UTC", **groups: tuple[str, ...]) -> Roster:
    known = {agent.name: agent for agent in agents}
    return Roster(OnCall(known, groups, {shift.name: shift} if shift else {}), zone)


def on_duty(found: Roster, who: str, moment: datetime) -> list[str]:
    return [agent.name for agent in found.on_duty([who], moment)]


DAY = Agent("day", periods=(period("09:00", "17:00", WORKDAYS),))
NIGHT = Agent("night", periods=(period("20:00", "04:00", frozenset({4})),))
ALWAYS = Agent("always")


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-03-02T08:59:59", False),
        ("2026-03-02T09:00:00", True),
        ("2026-03-02T16:59:59", True),
        ("2026-03-02T17:00:00", False),
        ("2026-03-07T10:00:00", False),
    ],
)
def test_an_agent_is_on_duty_from_the_start_until_just_before_the_end(moment: str, there: bool) -> None:
    assert on_duty(roster(DAY), "day", at(moment)) == (["day"] if there else [])


def test_a_period_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    found = roster(NIGHT)
    assert found.duty(["night"], at("2026-03-02"), at("2026-03-09")) == (
        Span(at("2026-03-06T20:00"), at("2026-03-07T04:00"), "night"),
    )
    off = Agent("night", periods=NIGHT.periods, days_off=frozenset({date(2026, 3, 7)}))
    assert on_duty(roster(off), "night", at("2026-03-07T03:00")) == ["night"]
    off = Agent("night", periods=NIGHT.periods, days_off=frozenset({date(2026, 3, 6)}))
    assert on_duty(roster(off), "night", at("2026-03-07T03:00")) == []


def test_hours_until_midnight_end_there() -> None:
    late = Agent("late", periods=(period("13:00", "00:00", frozenset({0})),))
    assert roster(late).duty(["late"], at("2026-03-01"), at("2026-03-09")) == (
        Span(at("2026-03-02T13:00"), at("2026-03-03"), "late"),
    )


def test_without_hours_an_agent_is_there_but_for_days_off() -> None:
    off = Agent("always", zone="Asia/Shanghai", days_off=frozenset({MONDAY}))
    start, end = at("2026-03-02", "Asia/Shanghai"), at("2026-03-03", "Asia/Shanghai")
    assert roster(off).duty(["always"], start - HOUR, end + HOUR) == (
        Span(start - HOUR, start, "always"),
        Span(end, end + HOUR, "always"),
    )


def test_several_periods_a_day() -> None:
    split = Agent("split", periods=(period("08:30", "12:00"), period("13:00", "18:00")))
    found = roster(split)
    assert on_duty(found, "split", at("2026-03-02T11:59")) == ["split"]
    assert on_duty(found, "split", at("2026-03-02T12:30")) == []
    assert on_duty(found, "split", at("2026-03-02T13:00")) == ["split"]


def test_everybody_works_on_their_own_clock() -> None:
    here, there = (
        Agent(name, zone=zone, periods=DAY.periods) for name, zone in (("here", ""), ("there", "Asia/Tokyo"))
    )
    found = roster(here, there, zone="America/New_York", all=("here", "there"))
    assert on_duty(found, "all", at("2026-03-03T09:00", "Asia/Tokyo")) == ["there"]
    assert on_duty(found, "all", at("2026-03-03T09:00", "America/New_York")) == ["here"]


def test_names_stand_for_agents_groups_and_shifts_in_their_order() -> None:
    week = Shift("week", ("day",), MONDAY, overrides=(Override(at("2027-01-01"), at("2027-01-02"), "night"),))
    found = roster(DAY, NIGHT, ALWAYS, shift=week, team=("always", "day"))
    assert found.members(["team", "week", "nobody"]) == (ALWAYS, DAY, NIGHT)
    assert found.on_duty(["week", "team", "nobody"], at("2026-03-02T10:00")) == (DAY, ALWAYS)
    assert found.next_duty(["nobody"], at("2026-03-02")) is None


A, B, C = (Agent(name) for name in "abc")


def test_turns_change_with_the_local_day() -> None:
    week = Shift("week", ("a", "b", "c"), MONDAY, turn=7, zone="Asia/Shanghai")
    found = roster(A, B, C, shift=week)
    start = at("2026-03-02", "Asia/Shanghai")
    assert [span.agent for span in found.duty(["week"], start, start + timedelta(28))] == ["a", "b", "c", "a"]
    assert found.duty(["week"], start - timedelta(9), start) == (), "nobody has it before the first day"
    assert on_duty(found, "week", start + timedelta(7) - timedelta(seconds=1)) == ["a"]
    assert on_duty(found, "week", start + timedelta(7)) == ["b"]


def test_who_begins_a_night_ends_it() -> None:
    nights = Shift("nights", ("a", "b"), MONDAY, turn=1, periods=(period("20:00", "08:00"),))
    found = roster(A, B, shift=nights)
    assert on_duty(found, "nights", at("2026-03-03T07:59")) == ["a"]
    assert on_duty(found, "nights", at("2026-03-03T12:00")) == []
    assert on_duty(found, "nights", at("2026-03-03T20:00")) == ["b"]


def test_an_override_takes_its_part_of_the_shift_and_the_later_one_wins() -> None:
    first = Override(at("2026-03-02T10:00"), at("2026-03-02T16:00"), "b")
    second = Override(at("2026-03-02T14:00"), at("2026-03-03T12:00"), "c")
    days = Shift("days", ("a",), MONDAY, periods=(period("08:00", "18:00"),), overrides=(first, second))
    spans = roster(A, B, C, shift=days).duty(["days"], at("2026-03-02"), at("2026-03-04"))
    assert [(f"{s.start:%d %H}", f"{s.end:%d %H}", s.agent) for s in spans] == [
        ("02 08", "02 10", "a"),
        ("02 10", "02 14", "b"),
        ("02 14", "02 18", "c"),
        ("03 08", "03 12", "c"),
        ("03 12", "03 18", "a"),
    ]


def test_a_hole_is_where_the_turn_falls_to_somebody_who_is_not_there() -> None:
    away = Agent("a", periods=(period("09:00", "00:00"),), days_off=frozenset({date(2026, 3, 3)}))
    days = Shift("days", ("a",), MONDAY, periods=(period("08:00", "18:00"),))
    found = roster(away, B, shift=days)
    assert found.holes("days", at("2026-03-02"), at("2026-03-04T12:00")) == (
        Span(at("2026-03-02T08:00"), at("2026-03-02T09:00"), "a"),
        Span(at("2026-03-03T08:00"), at("2026-03-03T18:00"), "a"),
        Span(at("2026-03-04T08:00"), at("2026-03-04T09:00"), "a"),
    )
    assert on_duty(found, "days", at("2026-03-03T10:00")) == []
    taken = Override(at("2026-03-03"), at("2026-03-04"), "a")
    mended = Shift("days", ("a",), MONDAY, periods=days.periods, overrides=(taken,))
    assert on_duty(roster(away, shift=mended), "days", at("2026-03-03T10:00")) == ["a"], "agreed upon"


def test_the_next_duty_is_now_or_when_somebody_comes() -> None:
    found = roster(DAY, NIGHT, team=("day", "night"))
    assert found.next_duty(["team"], at("2026-03-06T10:00")) == (at("2026-03-06T10:00"), (DAY,))
    assert found.next_duty(["team"], at("2026-03-06T17:00")) == (at("2026-03-06T20:00"), (NIGHT,))
    assert found.next_duty(["team"], at("2026-03-07T04:00")) == (at("2026-03-09T09:00"), (DAY,))


def test_nobody_within_a_month_is_nobody() -> None:
    away = Agent("away", days_off=frozenset(MONDAY + timedelta(n) for n in range(-2, 31)))
    found = roster(away)
    assert found.next_duty(["away"], at("2026-03-02") - HOUR) is None
    assert found.next_duty(["away"], at("2026-03-02")) == (at("2026-03-02") + AHEAD, (away,))


def test_the_next_turn_may_begin_before_what_is_left_of_this_one() -> None:
    late = Agent("late", periods=(period("07:30", "12:00"),))
    both = (period("09:00", "09:00", frozenset({0})), period("00:00", "12:00", frozenset({1})))
    found = roster(late, A, shift=Shift("s", ("late", "a"), MONDAY, 1, both))
    assert found.next_duty(["s"], at("2026-03-02T12:00")) == (at("2026-03-03"), (A,))


def test_a_day_that_has_begun_goes_on_when_clocks_go_back_over_midnight() -> None:
    zone = "America/St_Johns"
    sunday = Agent("sunday", periods=(period("00:00", "08:00", frozenset({6})),))
    saturday_again = datetime(2008, 11, 1, 23, 30, tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    assert on_duty(roster(sunday, zone=zone), "sunday", saturday_again) == ["sunday"]


def test_skipped_hours_are_no_duty_and_repeated_ones_are_somebodys() -> None:
    zone = "America/New_York"
    skipped = Agent("skipped", periods=(period("02:10", "02:50"),))
    early, late = (
        Agent("early", periods=(period("20:00", "01:30"),)),
        Agent("late", periods=(period("01:30", "06:00"),)),
    )
    found = roster(skipped, early, late, zone=zone, pair=("early", "late"))
    night = at("2026-03-08", zone)
    assert found.duty(["skipped"], night, night + 9 * HOUR) == ()
    assert found.next_duty(["skipped"], night) == (at("2026-03-09T02:10", zone), (skipped,))
    assert found.duty(["pair"], night, night + 5 * HOUR) == (
        Span(night, night + 1.5 * HOUR, "early"),
        Span(night + 1.5 * HOUR, night + 5 * HOUR, "late"),
    )
    autumn = at("2026-11-01", zone)
    assert found.duty(["pair"], autumn, autumn + 7 * HOUR) == (
        Span(autumn, autumn + 1.5 * HOUR, "early"),
        Span(autumn + 1.5 * HOUR, autumn + 7 * HOUR, "late"),
    )


@given(st.lists(minutes_of_day, min_size=1, max_size=5, unique=True), zones, instants)
def test_periods_that_divide_the_day_leave_exactly_one_agent(marks: list[time], zone: str, moment: datetime) -> None:
    marks.sort()
    ends = [*marks[1:], marks[0]]
    agents = [Agent(f"a{n}", periods=(Period(DAILY, *pair),)) for n, pair in enumerate(zip(marks, ends, strict=True))]
    assert len(roster(*agents, zone=zone, team=tuple(a.name for a in agents)).on_duty(["team"], moment)) == 1


@given(st.integers(1, 5), st.integers(1, 10), zones, instants, st.lists(periods, max_size=3))
def test_a_shift_has_at_most_one_agent_at_a_time(
    agents: int, turn: int, zone: str, moment: datetime, own: list[Period]
) -> None:
    """Unless its periods overlap past midnight into the next agent's turn; here there is one a day at most."""
    names = tuple(f"a{n}" for n in range(agents))
    team = [Agent(name, periods=tuple(own)) for name in names]
    shift = Shift("s", names, LONG_AGO, turn)
    assert len(roster(*team, shift=shift, zone=zone).on_duty(["s"], moment)) <= 1
    assert len(roster(*map(Agent, names), shift=shift, zone=zone).on_duty(["s"], moment)) == 1


@given(st.lists(periods, min_size=1, max_size=4), zones, instants, some_of(range(-3, 4)))
def test_away_from_clock_changes_duty_is_what_the_clock_on_the_wall_says(
    own: Sequence[Period], zone: str, moment: datetime, off: frozenset[int]
) -> None:
    local = moment.astimezone(ZoneInfo(zone))
    offsets = {(moment + n * HOUR).astimezone(ZoneInfo(zone)).utcoffset() for n in range(-50, 50)}
    days_off = frozenset(local.date() + timedelta(n) for n in off)
    found = roster(Agent("a", periods=tuple(own), days_off=days_off), zone=zone)
    if len(offsets) == 1:
        assert bool(on_duty(found, "a", moment)) == on_the_wall(own, local.replace(tzinfo=None), days_off)


def on_the_wall(own: Sequence[Period], local: datetime, days_off: frozenset[date]) -> bool:
    """The same worked out in another way: by walking back to when a period that lasts until now began."""
    for each in own:
        started = datetime.combine(local.date(), each.start)
        if started > local:
            started -= timedelta(1)
        lasts = (datetime.combine(date.min, each.end) - datetime.combine(date.min, each.start)) % timedelta(1)
        mine = started.weekday() in each.days and started.date() not in days_off
        if mine and local - started < (lasts or timedelta(1)):
            return True
    return False


@given(st.lists(st.lists(periods, max_size=2), min_size=1, max_size=3), zones, instants)
def test_the_next_duty_is_the_first_instant_at_which_somebody_is_there(
    teams: list[list[Period]], zone: str, moment: datetime
) -> None:
    agents = [Agent(f"a{n}", periods=tuple(own)) for n, own in enumerate(teams)]
    shift = Shift("s", tuple(a.name for a in agents), LONG_AGO, 2, (period("06:00", "22:00"),))
    found = roster(*agents, shift=shift, zone=zone)
    who = ["s", "a0"]
    spans = found.duty(who, moment, moment + AHEAD + HOUR)
    expected = min((span.start for span in spans if span.start <= moment + AHEAD), default=None)
    answer = found.next_duty(who, moment)
    assert (answer and answer[0]) == expected
    if answer:
        assert answer[1] == found.on_duty(who, answer[0]) != ()


@given(st.lists(periods, min_size=1, max_size=3), zones, instants, st.integers(1, 72))
def test_duty_over_time_and_at_an_instant_agree(own: list[Period], zone: str, start: datetime, hours: int) -> None:
    found = roster(Agent("a", periods=tuple(own)), zone=zone)
    end = start + hours * HOUR
    spans = found.duty(["a"], start, end)
    assert all(start <= span.start < span.end <= end for span in spans)
    assert all(one.end < other.start for one, other in pairwise(spans)), "joined where they touch"
    for number in range(hours):
        moment = start + number * HOUR
        assert bool(on_duty(found, "a", moment)) == any(span.start <= moment < span.end for span in spans)


@given(st.lists(periods, max_size=3), zones, instants, st.lists(st.tuples(instants, st.integers(1, 99)), max_size=3))
def test_turns_holes_and_overrides_add_up_to_the_shift(
    own: list[Period], zone: str, start: datetime, taken: list[tuple[datetime, int]]
) -> None:
    overrides = tuple(Override(moment, moment + hours * HOUR, "b") for moment, hours in taken)
    shift = Shift("s", ("a",), LONG_AGO, 1, (period("22:00", "05:00"), period("10:00", "12:00")), overrides)
    whole = Shift("whole", ("b",), LONG_AGO, 1, shift.periods)
    agents = {"a": Agent("a", periods=tuple(own)), "b": B}
    found = Roster(OnCall(agents, {}, {"s": shift, "whole": whole}), zone)
    end = start + timedelta(3)
    held, holes = found.duty(["s"], start, end), found.holes("s", start, end)
    assert total(held) + total(holes) == total(found.duty(["whole"], start, end))


def total(spans: Sequence[Span]) -> timedelta:
    return sum((span.end - span.start for span in spans), timedelta())
