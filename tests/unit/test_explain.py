from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta

import pytest

from notifier.explain import Explanation, Mark, explain
from notifier.interfaces import AlertChange, Changes, Quarantined, Ruling, SourceMark, StoredOrder
from notifier.model.alert import Alert, AlertEntry, AlertKey
from notifier.model.duration import parse_duration
from notifier.model.job import Job, Purpose, Step, Urgency
from notifier.model.order import CaseKind, Order, OrderState
from notifier.model.reminder import State
from notifier.model.shop import SendingRules, Shop
from notifier.rules.alerts import Changed, Occasion, acknowledged, opened, raised_again, resolved, snoozed
from notifier.rules.plan import Planner
from notifier.store.memory import MemoryStore
from tests.fakes.lived import live
from tests.fakes.orders import PLACED, make_case, make_job, make_order, make_parcel, only_if

SHOP = Shop(zone="Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NUDGE = make_job(steps=(Step(parse_duration("12h")), Step(parse_duration("20h"))), only_if=only_if("unpaid", "active"))
JOBS = (
    NUDGE,
    make_job("shipment-notice", "parcel.shipped", "0s after", merge=parse_duration("10m"), only_if=only_if("tracked")),
    make_job("review-request", "order.delivered", "3d after", at=time(10), only_if=only_if("no_open_case")),
    make_job("return-deadline", "order.return_by", "24h before", only_if=only_if("no_case")),
    make_job("refund-done", "case.paid", "0s after"),
    make_job("revisit", "order.completed", "2mo after", purpose=Purpose.MARKETING),
)


async def lived(orders: Sequence[Order], until: datetime, jobs: Sequence[Job] = JOBS) -> MemoryStore:
    """A store as it is after these orders were watched from the beginning to `until`."""
    store = MemoryStore()
    await live(orders, until, jobs, SHOP, store=store)
    return store


async def told(store: MemoryStore, name: str, now: datetime, jobs: Sequence[Job] = JOBS) -> Explanation:
    (found,) = await explain(store, Planner(jobs, SHOP), name, now, SendingRules())
    return found


def text(explanation: Explanation) -> str:
    """As lines of at most 100 characters."""
    lines = [explanation.title, *explanation.story]
    for section in explanation.sections:
        lines += [f"{section.heading}:", *(f"{item.mark}: {item.text}" for item in section.items)]
    return "\n".join(textwrap.fill(line, 100, subsequent_indent="    ") for line in lines)


async def test_a_paid_order() -> None:
    order = make_order(state=OrderState.PAID, paid=PLACED + 11 * HOUR)
    now = PLACED + 14 * HOUR
    assert (
        text(await told(await lived([order], now), "1001", now))
        == """\
Order 1001 of shop
It is paid and waits to be shipped.
Placed Sun 1 Mar, 17:00; paid Mon 2 Mar, 04:00.
Times are those of Asia/Shanghai.
Called off or not sent:
no: unpaid-nudge (step 1 of 2), planned for Mon 2 Mar, 05:00, was called off on Mon 2 Mar, 04:00,
    because the order is paid.
no: unpaid-nudge (step 2 of 2), planned for Mon 2 Mar, 13:00, was called off on Mon 2 Mar, 04:00,
    because the order is paid.
Nothing to say:
no: Because there is no parcel yet: shipment-notice.
no: Because it has not been delivered: review-request.
no: Because no return deadline is known, because nothing was delivered: return-deadline.
no: Because there is no after-sales case: refund-done.
no: Because the order is not completed: revisit."""
    )


async def test_a_delivered_order() -> None:
    shipped, delivered = PLACED + DAY + HOUR, PLACED + 3 * DAY
    order = make_order(
        state=OrderState.DELIVERED,
        paid=PLACED + 11 * HOUR,
        shipped=shipped,
        delivered=delivered,
        return_by=datetime(2026, 3, 12, 16, tzinfo=UTC),
        parcels=(
            make_parcel(1, shipped=shipped, delivered=delivered),
            make_parcel(2, shipped=shipped + HOUR / 12, delivered=delivered),
        ),
    )
    now = PLACED + 4 * DAY
    assert (
        text(await told(await lived([order], now), "1001", now))
        == """\
Order 1001 of shop
It was delivered.
Placed Sun 1 Mar, 17:00; paid Mon 2 Mar, 04:00; shipped Mon 2 Mar, 18:00; delivered Wed 4 Mar,
    17:00.
Times are those of Asia/Shanghai.
Said so far:
sent: Mon 2 Mar, 18:10: shipment-notice for parcel 1 of 2 (SF1001) and parcel 2 of 2 (SF1002) by
    sms, as soon as the parcel was shipped, after waiting 10 minutes for others.
Still to come:
planned: Sat 7 Mar, 10:00 (in 41 hours): review-request, 3 days after the order was delivered, at
    10:00.
planned: Thu 12 Mar, 08:00: return-deadline, 24 hours before the return right ends; it is due Thu 12
    Mar, 00:00, in the quiet hours.
Called off or not sent:
no: unpaid-nudge (step 1 of 2), planned for Mon 2 Mar, 05:00, was called off on Mon 2 Mar, 04:00,
    because the order is paid.
no: unpaid-nudge (step 2 of 2), planned for Mon 2 Mar, 13:00, was called off on Mon 2 Mar, 04:00,
    because the order is paid.
Nothing to say:
no: Because there is no after-sales case: refund-done.
no: Because the order is not completed: revisit."""
    )


async def test_a_cancelled_order() -> None:
    order = make_order(state=OrderState.CANCELLED, cancelled=PLACED + 13 * HOUR)
    now = PLACED + 2 * DAY
    assert (
        text(await told(await lived([order], now), "1001", now))
        == """\
Order 1001 of shop
It was cancelled.
Placed Sun 1 Mar, 17:00; cancelled Mon 2 Mar, 06:00.
Times are those of Asia/Shanghai.
Called off or not sent:
no: unpaid-nudge (step 1 of 2), planned for Mon 2 Mar, 05:00, was called off on Mon 2 Mar, 06:00,
    because the order was cancelled.
no: unpaid-nudge (step 2 of 2), planned for Mon 2 Mar, 13:00, was called off on Mon 2 Mar, 06:00,
    because the order was cancelled.
Nothing to say:
no: Because the order was cancelled: shipment-notice, review-request, return-deadline, revisit.
no: Because there is no after-sales case: refund-done."""
    )


async def test_an_unknown_order() -> None:
    now = PLACED + DAY
    found = await told(await lived([make_order(), make_order(id="2002")], now), "#1010", now)
    assert (
        text(found)
        == """\
Order #1010 is not known
Did you mean 1001?
shop was last read Sun 1 Mar, 17:00.
Times are those of Asia/Shanghai."""
    )
    assert not found.known


async def test_an_order_that_waits_for_its_payment() -> None:
    order = make_order(pay_by=PLACED + DAY)
    now = PLACED + HOUR
    assert (
        text(await told(await lived([order], now), "1001", now))
        == """\
Order 1001 of shop
It waits for its payment, due Mon 2 Mar, 17:00.
Placed Sun 1 Mar, 17:00.
Times are those of Asia/Shanghai.
Still to come:
planned: Mon 2 Mar, 08:00 (in 14 hours): unpaid-nudge (step 1 of 2), 12 hours after the order was
    placed; it is due Mon 2 Mar, 05:00, in the quiet hours.
planned: Mon 2 Mar, 13:00 (in 19 hours): unpaid-nudge (step 2 of 2), 20 hours after the order was
    placed.
Nothing to say:
no: Because there is no parcel yet: shipment-notice.
no: Because it has not been delivered: review-request.
no: Because no return deadline is known, because nothing was delivered: return-deadline.
no: Because there is no after-sales case: refund-done.
no: Because the order is not completed: revisit."""
    )


async def items(store: MemoryStore, now: datetime, heading: str, jobs: Sequence[Job] = JOBS) -> list[str]:
    found = await told(store, "1001", now, jobs)
    return [item.text for section in found.sections if section.heading == heading for item in section.items]


async def decided(state: State, reason: str, wake: datetime | None = None) -> MemoryStore:
    """The first nudge of an unpaid order, after somebody has decided about it."""
    store = await lived([make_order()], PLACED + HOUR)
    (claimed,) = await store.claim(PLACED + 12 * HOUR, PLACED + 13 * HOUR, 1)
    await store.settle([Ruling(claimed.id, claimed.fence, state, reason, wake)], PLACED + 12 * HOUR)
    return store


@pytest.mark.parametrize(
    ("state", "reason", "heading", "sentence"),
    [
        (
            State.HELD,
            "in doubt: no answer",
            "Waits for a person",
            "unpaid-nudge (step 1 of 2) is held until a person decides since Mon 2 Mar, 05:00: in doubt: no answer.",
        ),
        (
            State.FAILED,
            "",
            "Waits for a person",
            "unpaid-nudge (step 1 of 2) could not be sent by any channel since Mon 2 Mar, 05:00.",
        ),
        (
            State.SKIPPED,
            "cap",
            "Called off or not sent",
            "unpaid-nudge (step 1 of 2), planned for Mon 2 Mar, 05:00, was not sent on Mon 2 Mar, 05:00, because cap.",
        ),
        (
            State.EXPIRED,
            "late",
            "Called off or not sent",
            "unpaid-nudge (step 1 of 2), planned for Mon 2 Mar, 05:00, was given up on Mon 2 Mar, 05:00, because late.",
        ),
    ],
)
async def test_what_became_of_a_reminder(state: State, reason: str, heading: str, sentence: str) -> None:
    assert await items(await decided(state, reason), PLACED + 12 * HOUR, heading) == [sentence]


async def test_what_waits_says_for_what() -> None:
    now = PLACED + 12 * HOUR
    quiet = await decided(State.PLANNED, "quiet hours", PLACED + 15 * HOUR)
    assert (await items(quiet, now, "Still to come"))[0] == (
        "Mon 2 Mar, 08:00 (in 3 hours): unpaid-nudge (step 1 of 2), 12 hours after the order was placed; it is due "
        "Mon 2 Mar, 05:00, in the quiet hours."
    )
    down = await decided(State.PLANNED, "the shop cannot be read: 503", PLACED + 16 * HOUR)
    assert (await items(down, now, "Still to come"))[0] == (
        "Mon 2 Mar, 09:00 (in 4 hours): unpaid-nudge (step 1 of 2), 12 hours after the order was placed; it is due "
        "Mon 2 Mar, 05:00, because the shop cannot be read: 503."
    )


async def test_a_job_that_is_new_is_planned_with_the_next_poll() -> None:
    store = await lived([make_order()], PLACED + HOUR, jobs=())
    found = await told(store, "1001", PLACED + 10 * HOUR + HOUR / 2)
    assert found.sections[0].items[0].text == (
        "Mon 2 Mar, 08:00 (in 4 hours): unpaid-nudge (step 1 of 2), 12 hours after the order was placed; the daemon "
        "plans it with its next poll."
    )


async def test_what_was_over_when_the_order_was_first_seen() -> None:
    store = MemoryStore()
    begin = PLACED + 30 * DAY
    await live([make_order()], begin + HOUR, JOBS, SHOP, begin=begin, store=store)
    assert (await items(store, begin, "Nothing to say"))[0] == (
        "Because their time had passed when the order was first seen: unpaid-nudge (step 1 of 2) (due Mon 2 Mar, "
        "05:00), unpaid-nudge (step 2 of 2) (due Mon 2 Mar, 13:00)."
    )


async def test_a_state_that_is_not_known_holds_everything() -> None:
    order = make_order(state=OrderState.OTHER, state_name="LOCKED")
    found = await told(await lived([order], PLACED + HOUR), "1001", PLACED + HOUR)
    assert found.story[0] == "Its state is not known here, so everything about it waits (the shop says “LOCKED”)."
    (section,) = found.sections
    assert section.items[0].text == "Because the shop reports a state that is not known here: unpaid-nudge."


async def test_after_sales_cases_are_part_of_the_story() -> None:
    case = make_case(CaseKind.REFUND, requested=PLACED + DAY, agreed=PLACED + DAY, paid=PLACED + 2 * DAY)
    order = make_order(state=OrderState.PAID, paid=PLACED + HOUR, cases=(case,))
    found = await told(await lived([order], PLACED + 3 * DAY), "1001", PLACED + 3 * DAY)
    assert found.story[2] == "There is a refund (c1), opened Mon 2 Mar, 17:00, now paid back."
    assert [item.text for item in found.sections[0].items] == [
        "Tue 3 Mar, 17:00: refund-done for refund case c1 by sms, as soon as the money was paid back."
    ]


async def test_a_moment_that_the_shop_did_not_report_is_told_as_such() -> None:
    order = make_order(state=OrderState.PAID, paid=PLACED + HOUR, assumed=("paid",))
    store = MemoryStore()
    await store.apply(Changes([StoredOrder(order, "d", PLACED)], mark=SourceMark("shop", read=PLACED)))
    assert (await told(store, "1001", PLACED + DAY)).story[1] == (
        "Placed Sun 1 Mar, 17:00; paid Sun 1 Mar, 18:00 (when it was first seen so)."
    )


async def test_a_late_message_tells_when_it_was_due() -> None:
    jobs = [make_job("nudge", step="6h after")]
    order = make_order(placed=PLACED + 3 * HOUR)  # due at 02:00 in Shanghai
    store = await lived([order], PLACED + DAY, jobs)
    (said,) = await items(store, PLACED + DAY, "Said so far", jobs)
    assert said == (
        "Mon 2 Mar, 08:00: nudge by sms, 6 hours after the order was placed; it was due Mon 2 Mar, 02:00, in the "
        "quiet hours."
    )


async def test_a_job_that_is_gone_still_tells_what_it_said() -> None:
    store = await lived([make_order()], PLACED + 2 * DAY)
    assert (await items(store, PLACED + 2 * DAY, "Said so far", jobs=()))[0].startswith(
        "Mon 2 Mar, 08:00: unpaid-nudge by"
    )


async def test_signs_tell_what_kind_of_answer_it_is() -> None:
    found = await told(await lived([make_order()], PLACED + 16 * HOUR), "1001", PLACED + 16 * HOUR)
    assert [section.items[0].mark for section in found.sections] == [Mark.SENT, Mark.PLANNED, Mark.NO]


async def test_an_order_that_was_not_understood() -> None:
    store = await lived([make_order()], PLACED + HOUR)
    await store.apply(Changes(quarantine=[Quarantined("shop", "77", PLACED, "placed: 'soon' is no time")], now=PLACED))
    assert (await told(store, "77", PLACED)).story == (
        "shop shows it, but it could not be understood: placed: 'soon' is no time. It is read again with every poll.",
    )


async def test_before_anything_was_read() -> None:
    found = await told(MemoryStore(), "1001", PLACED)
    assert found.story == ("No shop has been read yet: the daemon has not run with this database.",)


async def test_a_shop_that_is_down_is_named_with_its_trouble() -> None:
    store = MemoryStore()
    await store.set_mark(SourceMark("shop", read=PLACED, failures=3, trouble="503"))
    await store.set_mark(SourceMark("till", failures=1, trouble="no route"))
    assert (await told(store, "1001", PLACED)).story[:2] == (
        "shop was last read Sun 1 Mar, 17:00; since then it could not be read: 503.",
        "till has never been read to its end: no route.",
    )


WAITING = make_job(
    "refund-waiting",
    "case.requested",
    to="customer-service",
    channels=(),
    steps=(Step(parse_duration("4h")), Step(parse_duration("24h"))),
    only_if=only_if("case_open", "case_unanswered"),
)
OPENED = PLACED + DAY + 4 * HOUR
WAITS, AFTER = "refund-waiting for refund case c1", "after the case was opened"
ALERTED = f"Mon 2 Mar, 21:00: {WAITS} alerted customer-service, 4 hours {AFTER}"
Event = Callable[[Alert], Changed]


async def refund(until: datetime, **moments: datetime) -> MemoryStore:
    """An order whose refund was requested a day after it was placed, watched to `until`."""
    case = make_case(CaseKind.REFUND, requested=PLACED + DAY, agreed=None, **moments)
    order = make_order(state=OrderState.PAID, paid=PLACED + HOUR, cases=(case,))
    return await lived([order], until, jobs=[WAITING])


async def raised(*events: Event, what: str = "") -> MemoryStore:
    """The refund's alert, and what then happened to it."""
    store = await refund(OPENED - HOUR)
    (claimed,) = await store.claim(OPENED, OPENED + HOUR, 1)
    occasion = Occasion("customer-service", Urgency.NORMAL, what=what)
    alert, entry = opened(AlertKey(*claimed.key[:4]), occasion, OPENED)
    ruling = Ruling(claimed.id, claimed.fence, State.RAISED, "it became an alert")
    (stored,) = await store.change_alerts([AlertChange(alert, [entry], ruling=ruling)], OPENED)
    for event in events:
        assert stored is not None
        alert, entry = event(stored)
        (stored,) = await store.change_alerts([AlertChange(alert, [entry])], entry.at)
    return store


async def test_an_alert_that_is_to_come_says_whom_it_tells_and_keeps_no_quiet_hours() -> None:
    store = await refund(OPENED - HOUR)
    late = await lived(
        [make_order(placed=PLACED + 3 * HOUR)], PLACED + 4 * HOUR, [make_job("staff", step="6h after", to="shipping")]
    )
    jobs = [make_job("staff", step="6h after", to="shipping")]
    assert await items(store, OPENED - HOUR, "Still to come", [WAITING]) == [
        f"Mon 2 Mar, 21:00 (in 60 minutes): {WAITS} (step 1 of 2) alerts customer-service, 4 hours {AFTER}.",
        f"Tue 3 Mar, 17:00 (in 21 hours): {WAITS} (step 2 of 2) alerts customer-service, 24 hours {AFTER}.",
    ]
    assert await items(late, PLACED + 4 * HOUR, "Still to come", jobs) == [
        "Mon 2 Mar, 02:00 (in 5 hours): staff alerts shipping, 6 hours after the order was placed."
    ]


async def test_an_alert_of_a_new_job_is_planned_with_the_next_poll() -> None:
    store = await lived([make_order()], PLACED + HOUR, jobs=())
    jobs = [make_job("staff", to="shipping")]
    (sentence,) = await items(store, PLACED + HOUR, "Still to come", jobs)
    assert sentence == (
        "Mon 2 Mar, 05:00 (in 11 hours): staff alerts shipping, 12 hours after the order was placed; the daemon plans "
        "it with its next poll."
    )


async def test_an_alert_that_is_not_needed_any_more_is_called_off() -> None:
    now = PLACED + DAY + 2 * HOUR
    store = await refund(now, decided=PLACED + DAY + HOUR)
    assert (await items(store, now, "Called off or not sent", [WAITING]))[0] == (
        "refund-waiting for refund case c1 (step 1 of 2), planned for Mon 2 Mar, 21:00, was called off on Mon 2 Mar, "
        "18:00, because the shop has answered the case."
    )


@pytest.mark.parametrize(
    ("events", "told_of_it"),
    [
        ([], f"{ALERTED}: alert 1, which nobody has taken yet."),
        (
            [
                lambda a: (a, AlertEntry(a.id, OPENED, "called")),
                lambda a: (a, AlertEntry(a.id, OPENED + HOUR, "called")),
            ],
            f"{ALERTED}: alert 1, which nobody has taken yet, after 2 calls.",
        ),
        (
            [lambda a: acknowledged(a, "Li", OPENED + HOUR / 3)],
            f"{ALERTED}: alert 1, taken by Li on Mon 2 Mar, 21:20.",
        ),
        (
            [lambda a: snoozed(a, OPENED + 10 * HOUR, "Li", OPENED + HOUR)],
            f"{ALERTED}: alert 1, put off by Li until Tue 3 Mar, 07:00.",
        ),
        (
            [lambda a: acknowledged(a, "Li", OPENED), lambda a: resolved(a, "Wang", "agreed by phone", OPENED + HOUR)],
            f"{ALERTED}: alert 1, closed by Wang on Mon 2 Mar, 22:00: agreed by phone.",
        ),
        ([lambda a: resolved(a, "Wang", "", OPENED)], f"{ALERTED}: alert 1, closed by Wang on Mon 2 Mar, 21:00."),
        (
            [lambda a: resolved(a, "", "the shop has answered the case", OPENED + HOUR)],
            f"{ALERTED}: alert 1, over since Mon 2 Mar, 22:00, because the shop has answered the case.",
        ),
        (
            [lambda a: raised_again(a, Occasion("customer-service", Urgency.NORMAL, 1), OPENED + HOUR)],
            ALERTED.replace("4 hours", "2 times by now, last 24 hours") + ": alert 1, which nobody has taken yet.",
        ),
    ],
)
async def test_what_became_of_an_alert(events: list[Event], told_of_it: str) -> None:
    found = await told(await raised(*events), "1001", PLACED + 2 * DAY - 12 * HOUR, [WAITING])
    assert [section.heading for section in found.sections] == ["Alerts to the staff", "Still to come"]
    assert [(item.mark, item.text) for item in found.sections[0].items] == [(Mark.RAISED, told_of_it)]


async def test_what_an_alert_says_of_itself_is_told_too() -> None:
    (sentence,) = await items(await raised(what="the line is dead"), OPENED, "Alerts to the staff", [WAITING])
    assert sentence == f"{ALERTED}: alert 1 (the line is dead), which nobody has taken yet."


async def test_the_programs_own_alerts_about_an_order_are_told_too() -> None:
    store = await refund(OPENED - HOUR)
    key = AlertKey("shop", "1001", "message-undeliverable", "7")
    alert, entry = opened(key, Occasion("customer-service", Urgency.NORMAL), OPENED)
    foreign, other = opened(key._replace(source="till"), Occasion("customer-service", Urgency.NORMAL), OPENED)
    await store.change_alerts([AlertChange(alert, [entry]), AlertChange(foreign, [other])], OPENED)
    jobs = [WAITING, make_job("message-undeliverable", "system.undeliverable", to="customer-service")]
    assert await items(store, OPENED, "Alerts to the staff", jobs) == [
        "Mon 2 Mar, 21:00: message-undeliverable alerted customer-service: alert 1, which nobody has taken yet."
    ]


async def test_that_there_was_an_alert_is_told_when_the_alert_itself_is_forgotten() -> None:
    store = await refund(OPENED - HOUR)
    (claimed,) = await store.claim(OPENED, OPENED + HOUR, 1)
    await store.settle([Ruling(claimed.id, claimed.fence, State.RAISED, "it became an alert")], OPENED)
    assert await items(store, OPENED, "Alerts to the staff", [WAITING]) == [f"{ALERTED}."]
    assert await items(store, OPENED, "Alerts to the staff", []) == [
        "Mon 2 Mar, 21:00: refund-waiting alerted the staff."
    ]
