"""An alert's ladder: who is called when, until somebody takes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise, product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notifier.model.alert import Alert, AlertState
from notifier.model.job import Urgency
from notifier.model.oncall import Agent, OnCall, Period, Policy, PolicyStep, Shift
from notifier.model.reminder import Key, Reminder, State
from notifier.model.shop import QuietHours
from notifier.rules.duty import Roster
from notifier.rules.ladder import (
    RESOLVED_STEP,
    TOLD,
    Call,
    agent_of,
    ladder,
    occurrence,
    reconcile_calls,
    round_of,
    woken_by,
)
from notifier.rules.reconcile import Difference
from notifier.rules.rungs import AHEAD, Staff, climb
from notifier.rules.schedule import next_allowed
from tests.fakes.drawn import HOURS, WEEKDAYS, combined
from tests.fakes.staff import (
    ANN,
    BOB,
    HOUR,
    KEY,
    MINUTE,
    MONDAY,
    NOON,
    ORDERS,
    STEPS,
    SUE,
    alert,
    away,
    hours,
    row,
    staff,
)

NIGHT = QuietHours(time(22), time(8))
Quiet = Mapping[Urgency, QuietHours]


def calls(
    found: Alert,
    oncall: OnCall | None = None,
    quiet: Quiet | None = None,
    woken: Mapping[str, tuple[str, ...]] | None = None,
    zone: str = "UTC",
) -> list[Call]:
    """The ladder of an alert for the small staff."""
    known = oncall or staff()
    return ladder(found, known.policies["orders"], Roster(known, zone), quiet or {}, woken or {}, zone)


def told(*args: Any, **kwargs: Any) -> list[str]:
    """The same as `12:15 sue`, in order of time."""
    found = sorted(calls(*args, **kwargs), key=lambda call: (call.planned.due, call.agent))
    return [f"{call.planned.due:%H:%M} {call.agent}" for call in found]


def one_step(*tell: str, **changes: Any) -> Policy:
    return replace(Policy("orders", (PolicyStep(tell, ("sms",)),)), **changes)


# What people are promised, by example


def test_each_step_comes_after_the_one_before_it_and_the_whole_again_after_the_last() -> None:
    assert told(alert()) == [
        *("12:00 ann", "12:00 bob", "12:15 sue", "12:45 ann", "12:45 bob", "12:45 sue"),
        *("13:45 ann", "13:45 bob", "14:00 sue", "14:30 ann", "14:30 bob", "14:30 sue"),
    ]


def test_the_first_step_waits_its_time_once() -> None:
    steps = (replace(STEPS[1], after=10 * MINUTE), replace(STEPS[1], after=20 * MINUTE))
    policy = Policy("orders", steps, again=HOUR, times=1)
    assert told(alert(), staff(policy=policy)) == ["12:10 sue", "12:30 sue", "13:30 sue", "13:50 sue"]


def test_calls_know_their_step_their_repeat_and_their_channels() -> None:
    found = calls(alert(round=3))
    assert [(c.planned.key.step, c.planned.key.occurrence, c.by) for c in found][:3] == [
        (0, "3.0 ann", ("chat", "sms")),
        (0, "3.0 bob", ("chat", "sms")),
        (1, "3.0 sue", ("sms",)),
    ]
    assert found[-1].planned.key == Key(*KEY, step=2, occurrence="3.1 sue")
    assert found[0].planned.until == NOON + timedelta(days=30)


def test_who_is_off_duty_is_left_out() -> None:
    assert told(alert(MONDAY + 17 * HOUR))[:2] == ["17:00 bob", "17:15 sue"]


def test_nobody_of_the_step_is_on_duty_so_those_above_it_are_called_by_their_own_channels() -> None:
    early = alert(MONDAY + 8 * HOUR)
    assert told(early)[0] == "08:00 sue"
    assert calls(early)[0].by == ("sms",)


def test_nobody_above_it_is_on_duty_so_those_below_it_are_called() -> None:
    late = calls(alert(MONDAY + 18 * HOUR))
    assert [(c.agent, c.planned.key.step, c.by) for c in late][:2] == [
        ("bob", 0, ("chat", "sms")),
        ("bob", 1, ("voice",)),
    ]
    steps = (STEPS[0], STEPS[1])
    known = staff(policy=Policy("orders", steps))
    assert [(c.agent, c.by) for c in calls(alert(MONDAY + 18 * HOUR), known)] == [("bob", ("chat", "sms"))] * 2


def test_at_night_an_alert_waits_for_the_first_of_its_step_and_the_steps_above_wait_with_it() -> None:
    assert told(alert(MONDAY + 3 * HOUR))[:4] == ["09:00 ann", "09:00 bob", "09:15 sue", "09:45 ann"]


def test_an_urgent_alert_wakes_those_of_the_step_who_come_next() -> None:
    night = alert(MONDAY + 3 * HOUR, urgency=Urgency.URGENT)
    assert told(night)[:4] == ["03:00 ann", "03:00 bob", "03:15 sue", "03:45 sue"]


def test_an_urgent_alert_wakes_everybody_of_the_step_when_nobody_is_known_to_come() -> None:
    known = staff(*(away(agent, MONDAY.date(), 60) for agent in (ANN, BOB, SUE)))
    assert told(alert(urgency=Urgency.URGENT), known)[:3] == ["12:00 ann", "12:00 bob", "12:15 sue"]


def test_when_nobody_comes_within_a_month_everybody_of_the_step_is_told_at_once() -> None:
    known = staff(*(away(agent, MONDAY.date(), 60) for agent in (ANN, BOB, SUE)))
    assert told(alert(), known)[:3] == ["12:00 ann", "12:00 bob", "12:15 sue"]


def test_a_step_does_not_wait_for_people_on_holiday_while_others_work() -> None:
    known = staff(*(away(agent, MONDAY.date(), 20) for agent in (ANN, BOB)), SUE)
    assert told(alert(MONDAY + 3 * HOUR), known)[:2] == ["08:00 sue", "08:15 sue"]


def test_a_step_waits_a_little_for_its_own_people_though_others_are_there_earlier() -> None:
    known = staff(replace(ANN, periods=hours(19, 22)), SUE)
    assert told(alert(MONDAY + 7 * HOUR), known)[0] == "19:00 ann"
    later = staff(replace(ANN, periods=hours(21, 22)), SUE)
    assert told(alert(MONDAY + 7 * HOUR), later)[0] == "08:00 sue"


def test_a_step_that_names_nobody_is_told_to_the_others_of_the_policy() -> None:
    policy = Policy("orders", (PolicyStep(("nobody",), ("sms",)), PolicyStep(("sue",), ("voice",))))
    known = staff(away(SUE, MONDAY.date(), 60), policy=policy)
    for urgency in Urgency:
        assert {(c.agent, c.by) for c in calls(alert(urgency=urgency), known)} == {("sue", ("voice",))}


def test_a_policy_that_names_nobody_calls_nobody() -> None:
    for urgency in Urgency:
        assert calls(alert(urgency=urgency), staff(policy=one_step("nobody"))) == []


def test_whose_turn_a_shift_is_is_asked_at_the_moment_of_the_call() -> None:
    shift = Shift("desk", ("ann", "bob"), MONDAY.date(), turn=1)
    always = [replace(agent, periods=()) for agent in (ANN, BOB)]
    known = staff(*always, policy=one_step("desk", times=1, again=24 * HOUR), shifts={"desk": shift})
    assert told(alert(), known) == ["12:00 ann", "12:00 bob"]


def test_quiet_hours_put_a_call_off_until_they_end() -> None:
    known = staff(replace(SUE, periods=()), policy=one_step("sue"))
    quiet = {Urgency.NORMAL: NIGHT}
    assert told(alert(MONDAY + 23 * HOUR), known, quiet) == ["08:00 sue"]
    assert told(alert(MONDAY + 23 * HOUR, urgency=Urgency.LOW), known, quiet) == ["23:00 sue"]
    assert told(alert(MONDAY + 23 * HOUR, urgency=Urgency.URGENT), known, {Urgency.URGENT: NIGHT}) == ["08:00 sue"]


def test_quiet_hours_are_those_of_the_agents_own_zone_or_of_the_shop() -> None:
    far = replace(ANN, zone="America/New_York", periods=())
    near = replace(BOB, periods=())
    known = staff(far, near, policy=one_step("service"))
    midnight = calls(alert(MONDAY), known, {Urgency.NORMAL: NIGHT}, zone="Asia/Shanghai")
    assert [(c.agent, c.planned.due) for c in midnight] == [("ann", MONDAY), ("bob", MONDAY)]
    evening = calls(alert(MONDAY + 15 * HOUR), known, {Urgency.NORMAL: NIGHT}, zone="Asia/Shanghai")
    assert [(c.agent, c.planned.due) for c in evening] == [("ann", MONDAY + 15 * HOUR), ("bob", MONDAY + 24 * HOUR)]


def test_who_goes_home_in_the_quiet_hours_is_not_called_when_they_end() -> None:
    night = replace(ANN, periods=hours(20, 6))
    known = staff(night, replace(BOB, zone="America/New_York", periods=()), SUE, policy=one_step("service"))
    assert told(alert(MONDAY + 23 * HOUR), known, {Urgency.NORMAL: NIGHT}) == ["23:00 bob"]
    alone = staff(night, SUE, policy=Policy("orders", STEPS[:2]))
    assert told(alert(MONDAY + 23 * HOUR), alone, {Urgency.NORMAL: NIGHT})[0] == "08:00 sue"


def test_who_works_in_quiet_hours_only_is_called_when_they_end() -> None:
    known = staff(replace(ANN, periods=hours(23, 6)), policy=one_step("ann"))
    assert told(alert(), known, {Urgency.NORMAL: NIGHT}) == ["12:00 ann"]
    assert told(alert(MONDAY), known, {Urgency.NORMAL: NIGHT}) == ["08:00 ann"]


def test_one_person_hears_once_of_steps_that_fall_together() -> None:
    policy = Policy("orders", (STEPS[0], replace(STEPS[2], after=timedelta())))
    found = calls(alert(), staff(policy=policy))
    assert [(c.agent, c.planned.key.step, c.by) for c in found] == [
        ("ann", 0, ("chat", "sms")),
        ("bob", 0, ("chat", "sms")),
        ("sue", 1, ("voice",)),
    ]


def test_who_has_taken_it_is_left_in_peace() -> None:
    assert calls(alert(state=AlertState.ACKNOWLEDGED)) == []


def test_a_snoozed_alert_begins_when_the_snooze_ends() -> None:
    snoozed = replace(alert(), started=NOON + 2 * HOUR, round=2)
    assert told(snoozed)[0] == "14:00 ann"
    assert {round_of(c.planned.key) for c in calls(snoozed)} == {2}


def test_who_was_woken_hears_that_it_is_over_but_not_who_closed_it() -> None:
    over = alert(state=AlertState.RESOLVED, changed=NOON + HOUR, by="ann")
    [call] = calls(over, woken={"ann": ("sms",), "bob": ("chat",), "gone": ("sms",)})
    assert (call.agent, call.by, call.planned.due) == ("bob", ("chat",), NOON + HOUR)
    assert call.planned.key == Key(*KEY, step=RESOLVED_STEP, occurrence="1.0 bob")
    assert call.planned.until == NOON + 25 * HOUR


def test_that_it_is_over_is_no_reason_to_wake_anybody() -> None:
    over = alert(state=AlertState.RESOLVED, changed=MONDAY + 23 * HOUR)
    [call] = calls(over, staff(replace(SUE, zone="Europe/Paris")), {Urgency.NORMAL: NIGHT}, {"sue": ("sms",)})
    assert call.planned.due == MONDAY + 31 * HOUR


# Keys


def test_the_key_of_a_call_tells_its_round_and_its_agent() -> None:
    key = Key(*KEY, step=1, occurrence=occurrence(12, 3, "night shift 2"))
    assert (round_of(key), agent_of(key), key.occurrence) == (12, "night shift 2", "12.3 night shift 2")


# Who was woken


def test_those_were_woken_whose_call_left_or_may_have_since_the_alert_was_opened() -> None:
    found = alert()
    climbed = calls(found)
    states = dict(zip(State, climbed, strict=False))
    stored = [row(n, call.planned, state) for n, (state, call) in enumerate(states.items())]
    expected = {call.agent: call.by for state, call in states.items() if state in TOLD}
    assert woken_by(found, stored, climbed, ORDERS) == expected
    assert woken_by(replace(found, opened=NOON + 24 * HOUR), stored, climbed, ORDERS) == {}


def test_the_channels_of_calls_from_another_policy_are_those_of_their_step() -> None:
    stored = [row(1, calls(alert())[-1].planned, State.ACCEPTED)]
    assert woken_by(alert(round=2), stored, [], ORDERS) == {"sue": ("voice",)}
    assert woken_by(alert(round=2), stored, [], one_step("ann")) == {"sue": ("sms",)}
    assert woken_by(alert(round=2), stored, [], Policy("orders", ())) == {"sue": ()}


def test_news_that_it_is_over_wakes_nobody_again() -> None:
    news = calls(alert(state=AlertState.RESOLVED), woken={"ann": ("sms",)})[0]
    assert woken_by(alert(), [row(1, news.planned, State.ACCEPTED)], [], ORDERS) == {}


# Reconciling


def stored_as(found: Sequence[Call], *states: State) -> list[Reminder]:
    """All of these calls, the first ones in these states, the others waiting."""
    padded = [*states, *[State.PLANNED] * (len(found) - len(states))]
    return [row(n, call.planned, state) for n, (call, state) in enumerate(zip(found, padded, strict=True), 1)]


def test_what_waits_is_cancelled_with_the_reason() -> None:
    rows = stored_as(calls(alert()), State.ACCEPTED, State.SENDING)

    def reasons(now: Alert) -> set[str]:
        found = reconcile_calls(now, calls(now), rows, NOON)
        assert [cancel.id for cancel in found.cancels] == [r.id for r in rows[2:]]
        return {cancel.reason for cancel in found.cancels}

    assert reasons(alert(state=AlertState.ACKNOWLEDGED, by="ann")) == {"ann has taken the alert"}
    assert reasons(alert(state=AlertState.ACKNOWLEDGED)) == {"somebody has taken the alert"}
    assert reasons(alert(state=AlertState.RESOLVED, reason="shipped")) == {"the alert is over: shipped"}
    assert reasons(alert(state=AlertState.RESOLVED)) == {"the alert is over"}
    assert reasons(alert(round=2)) == {"the alert was raised again"}
    assert reasons(replace(alert(), round=2, started=NOON + HOUR)) == {"the alert was put off"}


def test_a_change_of_duties_moves_and_replaces_what_waits() -> None:
    early = alert(MONDAY + 3 * HOUR)
    rows = stored_as(calls(early))
    changed = staff(replace(ANN, periods=hours(10, 17)), SUE)
    found = reconcile_calls(early, calls(early, changed), rows, MONDAY + 4 * HOUR)
    assert {cancel.reason for cancel in found.cancels} == {"duties or the policy have changed"}
    assert found.moves[0].due == MONDAY + 10 * HOUR


def test_what_somebody_was_told_is_not_told_to_others_after_the_fact() -> None:
    open_ = alert()
    [ann, bob, *others] = stored_as(calls(open_), State.DELIVERED, State.CANCELLED)
    without_ann = staff(replace(ANN, periods=hours(1, 2)), BOB, SUE)
    found = reconcile_calls(open_, calls(open_, without_ann), [ann, bob, *others], NOON + MINUTE)
    assert not found.inserts
    assert not found.moves
    assert {cancel.id for cancel in found.cancels} == {r.id for r in others if agent_of(r.key) == "ann"}
    newcomers = reconcile_calls(open_, calls(open_), [ann], NOON + MINUTE).inserts
    assert [(agent_of(new.key), new.key.step) for new in newcomers][:2] == [("sue", 1), ("ann", 2)]


def test_nobody_is_told_what_is_a_month_old() -> None:
    assert not reconcile_calls(alert(), calls(alert()), [], NOON + timedelta(days=31))


# What holds for every staff, policy and alert

_periods = st.lists(combined(Period, WEEKDAYS, HOURS, HOURS), max_size=2).map(tuple)
_names = ("a", "b", "c")
_agents = combined(
    lambda zone, days_off: Agent("", zone=zone, days_off=days_off),
    ("", "Asia/Shanghai", "America/New_York"),
    (frozenset(), away(ANN, MONDAY.date(), 50).days_off),
)
_whom = (*_names, "all", "desk")
_steps = combined(
    PolicyStep,
    [*product(_whom), *product(_whom, repeat=2)],
    (("sms",), ("chat", "sms")),
    (timedelta(), 15 * MINUTE, 5 * HOUR),
)
_policies = st.builds(
    Policy,
    st.just("orders"),
    st.lists(_steps, min_size=1, max_size=3).map(tuple),
    st.sampled_from([timedelta(), HOUR, 24 * HOUR]),
    st.integers(0, 2),
)
_started = st.integers(0, 10 * 24 * 12).map(lambda number: MONDAY + 5 * number * MINUTE)
_quiet = st.one_of(st.none(), combined(QuietHours, HOURS, HOURS))


@st.composite
def cases(draw: st.DrawFn, urgencies: Iterable[Urgency] = Urgency) -> tuple[Alert, OnCall, Quiet]:
    """Any alert, staff and quiet hours."""
    agents = {name: replace(draw(_agents), name=name, periods=draw(_periods)) for name in _names}
    desk = Shift("desk", _names, MONDAY.date(), turn=2, periods=draw(_periods))
    known = OnCall(agents, {"all": _names}, {"desk": desk}, {"orders": draw(_policies)})
    urgency, quiet = draw(st.sampled_from(list(urgencies))), draw(_quiet)
    return alert(draw(_started), urgency=urgency), known, {urgency: quiet} if quiet else {}


def nominal(found: Alert, known: OnCall) -> dict[tuple[int, int], datetime]:
    """When the steps are due if nobody ever has to wait, by step and repeat."""
    due, at = {}, found.started
    for repeat in range(known.policies["orders"].times + 1):
        for number, step in enumerate(known.policies["orders"].steps):
            at += known.policies["orders"].again if repeat and not number else step.after
            due[number, repeat] = at
    return due


def by_rung(found: Sequence[Call]) -> dict[tuple[int, int], list[Call]]:
    """Calls by step and repeat, in the order of the ladder."""
    rungs = defaultdict(list)
    for call in found:
        repeat = int(call.planned.key.occurrence.partition(" ")[0].partition(".")[2])
        rungs[call.planned.key.step, repeat].append(call)
    return dict(sorted(rungs.items(), key=lambda item: (item[0][1], item[0][0])))


@given(cases())
def test_an_open_alert_is_never_lost_and_climbs_in_order_by_calls_of_their_own(
    case: tuple[Alert, OnCall, Quiet],
) -> None:
    found, known, quiet = case
    planned, due = calls(found, known, quiet), nominal(found, known)
    assert min(call.planned.due for call in planned) <= next(iter(due.values())) + AHEAD

    rungs = by_rung(planned)
    assert all(before <= after for before, after in pairwise(told_first(rungs, known)))
    assert all(min(call.planned.due for call in group) >= due[rung] for rung, group in rungs.items())

    assert planned == calls(found, replace(known), quiet), "the same alert has the same calls"
    assert len({call.planned.key for call in planned}) == len(planned)
    assert len({(call.planned.due, call.agent) for call in planned}) == len(planned)
    assert all(agent_of(call.planned.key) == call.agent for call in planned)


def told_first(rungs: dict[tuple[int, int], list[Call]], known: OnCall) -> Iterator[datetime]:
    """When each rung was told first. Who is told twice at the same instant is told by the earlier rung alone."""
    told: list[Call] = []
    last = MONDAY
    for (number, _), group in rungs.items():
        named = known.policies["orders"].steps[number].tell
        people = {name for one in named for name in (_names if one in ("all", "desk") else (one,))}
        shared = [call.planned.due for call in told if call.agent in people and call.planned.due >= last]
        last = min([*shared, *(call.planned.due for call in group)])
        told += group
        yield last


@given(cases([Urgency.URGENT]))
def test_urgent_ones_wait_for_nobody_but_the_quiet_hours_that_were_set_for_them(
    case: tuple[Alert, OnCall, Quiet],
) -> None:
    found, known, quiet = case
    due = nominal(found, known)
    for rung, group in by_rung(calls(found, known)).items():
        assert {call.planned.due for call in group} == {due[rung]}
    assert all(
        next_allowed(call.planned.due, quiet.get(Urgency.URGENT), known.agents[call.agent].zone or "UTC")
        == call.planned.due
        for call in calls(found, known, quiet)
    )


@given(cases([Urgency.LOW, Urgency.NORMAL]))
def test_nobody_is_called_off_duty_or_in_quiet_hours_while_anybody_can_be_called_otherwise(
    case: tuple[Alert, OnCall, Quiet],
) -> None:
    found, known, quiet = case
    roster, policy = Roster(known, "UTC"), known.policies["orders"]
    everybody = tuple(name for step in policy.steps for name in step.tell)
    for call in calls(found, known, quiet):
        due, zone = call.planned.due, known.agents[call.agent].zone or "UTC"
        assert next_allowed(due, quiet.get(found.urgency), zone) == due
        if call.agent not in {agent.name for agent in roster.on_duty(everybody, due)}:
            assert quiet or roster.next_duty(everybody, due) is None


@given(cases(), st.sampled_from([AlertState.ACKNOWLEDGED, AlertState.RESOLVED]))
def test_taking_or_closing_it_ends_all_calls(case: tuple[Alert, OnCall, Quiet], state: AlertState) -> None:
    found, known, quiet = case
    rows = stored_as(calls(found, known, quiet))
    ended = replace(found, state=state)
    changed = applied(rows, reconcile_calls(ended, calls(ended, known, quiet), rows, found.started))
    assert {call.state for call in changed} == {State.CANCELLED}


@given(cases(), cases(), st.lists(st.sampled_from(State), max_size=8), st.integers(-1, 900))
def test_doing_it_twice_changes_nothing(
    case: tuple[Alert, OnCall, Quiet], other: tuple[Alert, OnCall, Quiet], states: list[State], later: int
) -> None:
    found, known, quiet = case
    before = calls(found, *other[1:])
    rows = stored_as(before, *states[: len(before)])
    now = found.started + later * HOUR
    wanted = calls(found, known, quiet)
    after = applied(rows, reconcile_calls(found, wanted, rows, now))
    assert not reconcile_calls(found, wanted, after, now)
    told_once = {(r.key.step, r.key.occurrence.partition(" ")[0]) for r in rows if r.state in TOLD}
    inserted = [r.key for r in after if r.key not in {old.key for old in rows}]
    assert not told_once & {(key.step, key.occurrence.partition(" ")[0]) for key in inserted}


def applied(rows: Sequence[Reminder], found: Difference) -> list[Reminder]:
    """What a store makes of a difference."""
    moves = {move.id: move for move in found.moves}
    cancels = {cancel.id for cancel in found.cancels}
    changed = []
    for old in rows:
        new = old
        if (move := moves.get(old.id)) is not None:
            new = replace(old, due=move.due, until=move.until, state=State.PLANNED if move.revive else old.state)
        changed.append(replace(new, state=State.CANCELLED) if old.id in cancels else new)
    return changed + [row(n, planned) for n, planned in enumerate(found.inserts, len(rows) + 1000)]


def test_a_ladder_is_made_in_a_moment_even_where_nobody_can_be_called() -> None:
    """Hundreds of alerts at once must not keep the dispatcher: a search that finds nothing is given up."""
    known = staff(replace(ANN, periods=hours(23, 6)), policy=one_step("ann"))
    asked: list[datetime] = []

    class Counting(Roster):
        def on_duty(self, who: Sequence[str], at: datetime) -> tuple[Agent, ...]:
            asked.append(at)
            return super().on_duty(who, at)

    climb(known.policies["orders"], MONDAY, Staff(Counting(known, "UTC"), Urgency.NORMAL, NIGHT, "UTC"))
    assert len(asked) < 40
