"""Duty by days: nothing left out of a group's day, and only a shift's own hours."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import groupby, pairwise

from hypothesis import given
from hypothesis import strategies as st

from notifier.model.oncall import Agent, OnCall, Period, Shift
from notifier.rules.duty import Roster
from notifier.rules.rota import Stretch, rota
from notifier.rules.schedule import at_local
from tests.fakes.drawn import periods

MONDAY = date(2026, 3, 2)
DAILY = frozenset(range(7))
DAY = timedelta(days=1)


def told(stretch: Stretch) -> tuple[str, str, str, str]:
    names = ",".join(agent.name for agent in stretch.agents)
    return stretch.who, f"{stretch.start:%d %H:%M}", f"{stretch.end:%d %H:%M}", names or f"-{stretch.absent}"


def test_a_week_as_it_hangs_on_the_wall() -> None:
    amy = Agent("amy", periods=(Period(DAILY, time(8), time(12)), Period(DAILY, time(20), time(4))))
    ben = Agent("ben", periods=(Period(DAILY, time(10), time(18)),), days_off=frozenset({MONDAY + DAY}))
    days = Shift("days", ("ben",), MONDAY, 1, (Period(DAILY, time(16), time(17)),))
    oncall = OnCall({"amy": amy, "ben": ben}, {"team": ("amy", "ben")}, {"days": days})
    assert [told(stretch) for stretch in rota(Roster(oncall, "UTC"), MONDAY, 2)] == [
        ("team", "02 00:00", "02 04:00", "amy"),
        ("team", "02 04:00", "02 08:00", "-"),
        ("team", "02 08:00", "02 10:00", "amy"),
        ("team", "02 10:00", "02 12:00", "amy,ben"),
        ("team", "02 12:00", "02 18:00", "ben"),
        ("team", "02 18:00", "02 20:00", "-"),
        ("team", "02 20:00", "03 00:00", "amy"),
        ("days", "02 16:00", "02 17:00", "ben"),
        ("team", "03 00:00", "03 04:00", "amy"),
        ("team", "03 04:00", "03 08:00", "-"),
        ("team", "03 08:00", "03 12:00", "amy"),
        ("team", "03 12:00", "03 20:00", "-"),
        ("team", "03 20:00", "04 00:00", "amy"),
        ("days", "03 16:00", "03 17:00", "-ben"),
    ]


@given(
    st.lists(st.lists(periods, max_size=2), min_size=1, max_size=3),
    st.sampled_from(["UTC", "America/New_York", "America/St_Johns"]),
    st.integers(0, 300),
)
def test_every_day_of_a_group_is_whole(teams: list[list[Period]], zone: str, later: int) -> None:
    agents = {f"a{n}": Agent(f"a{n}", periods=tuple(own)) for n, own in enumerate(teams)}
    first = MONDAY + later * DAY
    found = list(rota(Roster(OnCall(agents, {"team": tuple(agents)}), zone), first, 3))
    assert found[0].start == at_local(first, time(), zone)
    assert found[-1].end == at_local(first + 3 * DAY, time(), zone)
    assert all(one.end == other.start for one, other in pairwise(found))
    for _, day in groupby(found, key=lambda stretch: stretch.day):
        assert all(one.agents != other.agents for one, other in pairwise(day)), "cut only where somebody comes or goes"
