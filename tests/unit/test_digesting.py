"""A digest's way: planned, claimed, made of the store, written, delivered – once."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from typing import Any

from notifier.channels.mail_address import Mailbox
from notifier.channels.mime import Letterhead
from notifier.clock import VirtualClock
from notifier.digesting import Digesting, build, planned_since
from notifier.interfaces import AlertChange, Changes, Result, Ruling, SourceMark, StoredOrder
from notifier.letters import Letter
from notifier.model.alert import Alert, AlertEntry, AlertKey, AlertState
from notifier.model.duration import parse_duration
from notifier.model.job import Job, Urgency
from notifier.model.message import Attempt, Message, Outcome, Receipt, Refused, TryLater, Unknown
from notifier.model.oncall import Agent, OnCall, Period, Shift
from notifier.model.order import Customer, OrderState
from notifier.model.reminder import Key, Planned, Reminder, State
from notifier.model.shop import Shop
from notifier.outlet import Outlet
from notifier.render.digests import DigestTexts
from notifier.render.library import Library
from notifier.rules.conclude import conclude
from notifier.rules.duty import Roster
from notifier.rules.limits import TokenBucket
from notifier.shipped import shipped
from notifier.store.memory import MemoryStore
from tests.fakes.orders import make_job, make_order

MORNING = datetime(2026, 3, 2, tzinfo=UTC)
DUE = datetime(2026, 3, 2, 0, 45, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOP = Shop(name="Lotus Tea House", zone="Asia/Shanghai")
WEEK = frozenset(range(5))
AMY = Agent("amy", "Amy", email="amy@example.com", chat={"robot": "amy"}, language="zh-CN")
BEN = Agent("ben", "Ben", email="ben@example.com", periods=(Period(WEEK, time(8), time(17)),))
ONCALL = OnCall(agents={"amy": AMY, "ben": BEN}, groups={"desk": ("amy", "ben")})
NUDGE = make_job(goal="paid")


class Post:
    """A channel that composes real e-mails, or chat messages, and answers as it was told to."""

    concurrency = 4

    def __init__(self, name: str, kind: str, *answers: Outcome) -> None:
        self.name, self.kind = name, kind
        self.answers = list(answers)
        self.delivered: list[bytes] = []

    def address_of(self, customer: Customer) -> str | None:
        return (customer.email if self.kind == "email" else customer.chat.get(self.name)) or None

    def compose(self, message: Message) -> bytes:
        letterhead = Letterhead(Mailbox("Shop", "shop@example.com"))
        return letterhead.write(message) if self.kind == "email" else message.text.encode()

    async def deliver(self, attempt: Attempt) -> Outcome:
        self.delivered.append(attempt.content)
        return self.answers.pop(0) if self.answers else Receipt()

    async def close(self) -> None:
        return None


def listing(**changes: Any) -> Job:
    base = make_job("morning-list", "", "0s after", digest="morning-list", channels=("email", "chat"))
    return replace(base, **{"cron": "45 8 * * *", "to": "desk", "within": parse_duration("23h"), **changes})


class Office:
    """A store with an order of yesterday that is not paid, two channels, and a clock."""

    def __init__(self, job: Job, oncall: OnCall = ONCALL, **channels: Post) -> None:
        self.store, self.clock = MemoryStore(), VirtualClock(MORNING)
        self.channels = channels or {"mail": Post("mail", "email"), "robot": Post("robot", "chat")}
        self.outlets = {name: Outlet(channel, self.clock) for name, channel in self.channels.items()}
        self.digesting = self.with_jobs(job, oncall)

    def with_jobs(self, job: Job, oncall: OnCall = ONCALL) -> Digesting:
        texts = DigestTexts(Library([shipped("templates")]), SHOP)
        return Digesting({job.name: job, NUDGE.name: NUDGE}, Roster(oncall, SHOP.zone), SHOP, texts)

    async def open(self, *ids: str) -> None:
        orders = [StoredOrder(make_order(id=id_), id_, MORNING) for id_ in ids]
        await self.store.apply(Changes(orders=orders, mark=SourceMark("shop"), now=MORNING))

    async def plan(self) -> None:
        planned = self.digesting.plan(self.clock.now())
        await self.store.apply(Changes(inserts=[(p, p.key.subject) for p in planned], now=self.clock.now()))

    async def work(self) -> list[str]:
        """Everything that is due; what became of each."""
        now = self.clock.now()
        return [
            await self._one(reminder) for reminder in await self.store.claim(now, now + 5 * timedelta(minutes=1), 100)
        ]

    async def _one(self, reminder: Reminder) -> str:
        assert self.digesting.owns(reminder)
        now = self.clock.now()
        written = await self.digesting.write(self.store, reminder, self.outlets, now)
        if isinstance(written, Ruling):
            await self.store.settle([written], now)
            return f"{reminder.key.subject}: {written.state}, {written.reason}"
        assert isinstance(written, Letter)
        attempt = written.sent.attempt
        assert await self.store.intend([attempt], now) == [attempt.id]
        result = conclude(written.sent, await self.channels[attempt.channel].deliver(attempt), now, 0)
        await self.store.record([result], now)
        return f"{reminder.key.subject}: {result.state} by {attempt.channel}"


async def opened(job: Job | None = None, *ids: str, **more: Any) -> Office:
    office = Office(job or listing(), **more)
    await office.open(*(ids or ("1001",)))
    await office.plan()
    office.clock.move_to(DUE)
    return office


def parts(content: bytes) -> dict[str, str]:
    message = email.message_from_bytes(content, policy=email.policy.default)
    found = [part for part in message.walk() if isinstance(part, EmailMessage) and not part.is_multipart()]
    return {part.get_filename() or part.get_content_type(): part.get_content() for part in found}


async def test_everybody_gets_it_once_in_their_language_with_a_file() -> None:
    office = await opened()
    assert await office.work() == ["amy: accepted by mail", "ben: accepted by mail"]
    await office.plan()
    office.clock.advance(HOUR)
    assert await office.work() == []
    chinese, english = map(parts, office.channels["mail"].delivered)
    assert "共 1 项待处理" in chinese["text/plain"]
    assert "1001" in english["text/html"]
    assert english.keys() == {"text/plain", "text/html", "morning-list-2026-03-02.csv"}
    assert english["morning-list-2026-03-02.csv"].splitlines()[0] == "\ufeffAt a glance"


async def test_the_first_channel_that_reaches_somebody_is_taken() -> None:
    office = await opened(listing(channels=("chat", "email")))
    assert await office.work() == ["amy: accepted by robot", "ben: accepted by mail"]
    assert office.channels["robot"].delivered[0].decode().startswith("**2026年3月2日晨间清单**")


async def test_what_was_refused_goes_another_way_and_then_nowhere() -> None:

    mail, robot = Post("mail", "email", *[Refused("no such box", suppress=True)] * 2), Post("robot", "chat")
    office = await opened(mail=mail, robot=robot)
    assert await office.work() == ["amy: planned by mail", "ben: planned by mail"]
    assert await office.work() == ["amy: accepted by robot", "ben: failed, no channel reaches ben"]
    assert await office.store.suppressed([("email", "amy@example.com")])


async def test_a_suppressed_address_is_left_out() -> None:

    mail = Post("mail", "email", Refused("no such box", suppress=True))
    office = await opened(listing(to="amy", channels=("email",)), mail=mail)
    await office.work()
    assert await office.work() == ["amy: failed, no channel reaches amy"]
    office.clock.advance(24 * HOUR)
    await office.plan()
    assert await office.work() == ["amy: failed, no channel reaches amy"]
    assert len(mail.delivered) == 1


async def test_a_channel_that_is_full_or_broken_is_waited_for() -> None:
    office = await opened(listing(to="amy"))
    bucket = TokenBucket(1, 60)
    bucket.take(DUE)
    office.outlets["mail"] = Outlet(office.channels["mail"], office.clock, bucket)
    assert await office.work() == ["amy: planned, mail takes no more for the moment"]
    office.clock.advance(timedelta(minutes=1))
    assert await office.work() == ["amy: accepted by mail"]


async def test_what_nobody_knows_is_said_again_to_staff() -> None:
    office = await opened(listing(to="amy"), mail=Post("mail", "email", Unknown("no answer"), TryLater("busy")))
    assert await office.work() == ["amy: planned by mail"]
    office.clock.advance(HOUR)
    assert await office.work() == ["amy: planned by mail"]
    office.clock.advance(HOUR)
    assert await office.work() == ["amy: accepted by mail"]


async def test_nothing_to_say_is_silence_or_a_line() -> None:
    for silent, expected in ((True, "amy: skipped, there is nothing to say"), (False, "amy: accepted by mail")):
        office = Office(listing(to="amy", silent=silent))
        await office.plan()
        office.clock.move_to(DUE)
        assert await office.work() == [expected]
    (content,) = office.channels["mail"].delivered
    assert parts(content).keys() == {"text/plain", "text/html"}
    assert "昨日没有遗留事项" in parts(content)["text/plain"]


async def test_a_late_one_is_about_its_day_and_too_late_is_too_late() -> None:
    office = await opened(listing(to="ben"))
    office.clock.move_to(DUE + 20 * HOUR)
    assert await office.work() == ["ben: accepted by mail"]
    assert "March 2, 2026" in parts(office.channels["mail"].delivered[0])["text/html"]
    office = await opened(listing(to="ben"))
    office.clock.move_to(DUE + 23.5 * HOUR)
    assert await office.work() == ["ben: expired, it is too late for it to make sense"]


async def test_who_does_not_work_there_any_more_gets_nothing() -> None:
    office = await opened(listing(to="desk"))
    office.digesting = office.with_jobs(listing(), OnCall(agents={"amy": AMY}, groups={"desk": ("amy",)}))
    gone = "ben: cancelled, the job, the shifts or the agents have changed"
    assert await office.work() == ["amy: accepted by mail", gone]
    office = await opened(listing(to="amy"))
    office.digesting = office.with_jobs(listing(to="amy", enabled=False))
    assert await office.work() == ["amy: cancelled, the job, the shifts or the agents have changed"]


async def test_a_handover_goes_to_who_leaves() -> None:
    shift = Shift("day", ("ben",), MORNING.date(), 7, (Period(WEEK, time(9), time(17)),))
    oncall = replace(ONCALL, shifts={"day": shift})
    steps = make_job(step="15m before").steps
    office = Office(listing(event="shift.end", cron="", steps=steps, to="day", digest="handover", silent=False), oncall)
    await office.plan()
    office.clock.move_to(datetime(2026, 3, 2, 8, 45, tzinfo=UTC))
    assert await office.work() == ["ben: accepted by mail"]


def test_only_digests_are_owned() -> None:
    office = Office(listing())

    def row(*key: Any, **changes: Any) -> Reminder:
        return replace(Reminder(1, Key(*key), State.PLANNED, DUE, DUE, DUE), **changes)

    assert office.digesting.owns(row("", "", "morning-list", "amy"))
    assert not office.digesting.owns(row("", "", "morning-list", "amy", alert=3))
    assert not office.digesting.owns(row("shop", "1", "morning-list"))
    assert not office.digesting.owns(row("", "", "unpaid-nudge"))


async def test_it_is_made_of_all_pages_as_the_orders_stood() -> None:
    office = Office(listing())
    await office.open(*(f"{number:04}" for number in range(1203)))
    paid = make_order(id="paid", paid=DUE + HOUR, state=OrderState.PAID)
    await office.store.apply(Changes(orders=[StoredOrder(paid, "d", DUE)], now=DUE))
    made = await build(office.store, listing(), DUE, SHOP, {})
    assert made.values["count"] == 1204
    later = await build(office.store, listing(), DUE + 2 * HOUR, SHOP, {})
    assert later.values["count"] == 1203


async def test_the_handover_knows_alerts_and_notes_and_the_report_counts_them_all() -> None:
    office = Office(listing())
    alerts = [
        Alert(0, AlertKey("shop", f"{n}", "dispute"), AlertState.OPEN, "p", Urgency.NORMAL, MORNING, MORNING, MORNING)
        for n in range(230)
    ]
    await office.store.change_alerts([AlertChange(alert) for alert in alerts], MORNING)
    await office.store.note([AlertEntry(230, MORNING, "note", "amy", "called, nobody there")])
    handover = await build(office.store, make_job(digest="handover"), DUE, SHOP, {})
    assert handover.values["alerts"] == 230
    assert [row[2:] for row in handover.tables[2].rows] == [("amy", "called, nobody there")]
    report = await build(office.store, make_job(digest="daily-report"), DUE, SHOP, {})
    assert ("alerts", 230) in [row[:2] for row in report.tables[0].rows]


async def test_the_report_knows_what_was_said() -> None:
    office = Office(listing())
    await office.open("1001", "1002")
    row = Planned(Key("shop", "1001", NUDGE.name), DUE - 2 * HOUR, DUE)
    await office.store.apply(Changes(inserts=[(row, "c1")], now=MORNING))
    (claimed,) = await office.store.claim(DUE, DUE + HOUR, 9)
    attempt = Attempt("a", ((claimed.id, claimed.fence),), "sms", "x", b"", "m", "service", "c1", DUE - 12 * HOUR, DUE)
    await office.store.intend([attempt], DUE)

    await office.store.record([Result("a", State.ACCEPTED, "", "accepted")], DUE)
    report = make_job("daily-report", "", "0s after", digest="daily-report", to="desk")
    made = await build(office.store, report, DUE, SHOP, {NUDGE.name: NUDGE})
    assert [row[:3] for row in made.tables[1].rows] == [("unpaid-nudge", 1, 0)]
    assert made.tables[0].rows[0][:2] == ("placed", 2)


async def test_what_was_due_before_the_first_start_is_never_made_up_for() -> None:
    store = MemoryStore()
    assert await planned_since(store, DUE) == DUE
    assert await planned_since(store, DUE + HOUR) == DUE, "a restart must not forget what is due meanwhile"
    assert await planned_since(store, MORNING) == MORNING, "a clock that was put back goes on from there"
    assert await planned_since(store, DUE) == MORNING
