"""The whole program on a stage: the real daemon between a pretend shop, a pretend Twilio and a mail server.

    stage.show(order(1001))
    await stage.open("unpaid-nudge")
    await stage.fast_forward(hours=12)
    stage.expect_sms(1001, "awaits payment")

Time stands still but for `fast_forward`, which jumps and returns when the daemon has done all there is to do by then.
Every message has to be expected: what else was sent fails the story when it ends, and so does personal data in the log.
"""

from __future__ import annotations

import asyncio
import io
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, redirect_stdout
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from notifier import logs
from notifier.cli.app import run as run_command
from notifier.daemon import Daemon
from notifier.interfaces import AttemptRow, Quarantined, Selection, SourceMark, Store
from notifier.model.reminder import Reminder, State
from notifier.service import ServiceManager
from notifier.settings import load_settings
from notifier.store import open_store
from tests.fakes.jumping_clock import JumpingClock
from tests.fakes.notify_socket import NotifySocket
from tests.fakes.shop import PretendShop
from tests.fakes.smtp_server import Taken
from tests.fakes.twilio import Resource
from tests.stories.program import Program
from tests.stories.world import (
    PERSONAL,
    SHIPPED_JOBS,
    START,
    Fields,
    MailServer,
    PhoneNetwork,
    mail_in,
    mail_of,
    phone_of,
    settings_for,
    tables,
    words_of,
    write_settings,
)
from tests.stories.written import Written

T = TypeVar("T")
PATIENCE = 20.0
"""Seconds of real time after which a story that does not go on has failed."""


class Stage:
    """`folder` is where settings and database are; `read_log` gives what the daemon wrote since the last time."""

    def __init__(self, folder: Path, read_log: Callable[[], str]) -> None:
        self.folder = folder
        self.clock = JumpingClock(START)
        self.shop = PretendShop()
        self.twilio = PhoneNetwork(self.clock)
        self.mail = MailServer()
        self.manager = NotifySocket(watchdog_usec=60_000_000)
        self.settings: dict[str, Any] = {}
        self.oncall: dict[str, Any] = {}
        self._written = Written(read_log, folder / "program.log")
        self._personal: set[str] = set()
        self._sms_read = self._mail_read = 0
        self._daemon: Daemon | None = None
        self._running: asyncio.Task[None] | None = None
        self._servers = AsyncExitStack()

    # The daemon

    async def open(self, *jobs: str, **changes: Any) -> None:
        """Start the daemon, with these jobs alone if there are any, and let it do what there is to do."""
        if jobs:
            self.use(*jobs, **changes)
        file = self.write()
        settings = load_settings(file)
        logs.configure(settings.log.format, settings.log.level)
        manager = ServiceManager(self.manager.environment)
        self._daemon = Daemon(settings, partial(load_settings, file), manager, self.clock)
        self._running = asyncio.create_task(self._daemon.run())
        await self._unless_it_fails(self._daemon.ready.wait())
        await self._unless_it_fails(self._daemon.settled())

    def use(self, *jobs: str, **changes: Any) -> None:
        """Switch these jobs on and all others off; `changes` override what their files say."""
        self.settings["jobs"] = {name: {**changes} if name in jobs else {"enabled": False} for name in SHIPPED_JOBS}

    async def close(self) -> None:
        """Stop the daemon as SIGTERM does."""
        if self._daemon is not None and self._running is not None:
            self._daemon.stop()
            running, self._daemon, self._running = self._running, None, None
            async with asyncio.timeout(PATIENCE):
                await running

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.close()
        await self.open()

    async def reload(self) -> None:
        """Write the settings as they are now, and have the daemon read them as SIGHUP does."""
        self.write()
        self.daemon.reload()
        await self.settled()

    def write(self) -> Path:
        """Write the settings as they are now."""
        if self.oncall:
            (self.folder / "oncall.toml").write_text(tables(self.oncall), encoding="utf-8")
        return write_settings(self.folder, self.settings)

    async def fast_forward(self, **step: float) -> None:
        """Jump by so many hours, minutes, … and wait until everything that is due by then is done."""
        self.jump(**step)
        await self.settled()

    async def forward_to(self, instant: datetime) -> None:
        """The same, to an instant."""
        await self.fast_forward(seconds=(instant - self.clock.now()).total_seconds())

    def jump(self, **step: float) -> None:
        """Move the clock and wake the daemon, without waiting for what it does."""
        self.clock.jump(timedelta(**step))
        self.daemon.wake()

    async def settled(self) -> None:
        """Wait until the daemon has nothing left to do."""
        await self._unless_it_fails(self.daemon.settled())

    @property
    def daemon(self) -> Daemon:
        assert self._daemon is not None, "the daemon is not running"
        return self._daemon

    async def _unless_it_fails(self, waiting: Any) -> None:
        assert self._running is not None
        task = asyncio.ensure_future(waiting)
        done, _ = await asyncio.wait({task, self._running}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if task in done:
            return
        task.cancel()
        if self._running in done:
            self._running.result()
        raise AssertionError("the daemon " + ("ended" if done else f"is not done after {PATIENCE} s"))

    def program(self, *arguments: str, doomed: bool = False) -> Program:
        """The real command on these settings, in a process of its own, with the clock of the story running on."""
        self.settings["clock"] = {"start": self.clock.now()}
        return Program(self.write(), *arguments, environment=self.manager.environment, doomed=doomed)

    # The shop

    def show(self, *orders: Fields) -> None:
        """The shop has these orders, changed just now."""
        now = self.clock.now().isoformat()
        self.shop.put(*({"updated": now, **one} for one in orders))
        self._personal.update(text for one in orders for name in PERSONAL if (text := one.get(name)))

    def change(self, number: int, **fields: Any) -> None:
        """Something happens to an order of the shop."""
        self.show({**self.shop.orders[str(number)], "updated": self.clock.now().isoformat(), **fields})

    # What customers get

    def expect_sms(self, number: int, *words: str) -> str:
        """The next SMS went to the customer of this order, with these words in it."""
        assert len(self.twilio.messages) > self._sms_read, f"no SMS about {number}; {self._sent()}"
        message = self.twilio.messages[self._sms_read]
        self._sms_read += 1
        body: str = message["body"]
        assert message["to"] == phone_of(number), f"the SMS went to {message['to']}: {body}"
        assert not [word for word in words if word not in body], body
        return body

    def expect_mail(self, number: int, *words: str) -> EmailMessage:
        """The next e-mail went to the customer of this order, with these words in its subject or text."""
        assert len(self.mail.taken) > self._mail_read, f"no e-mail about {number}; {self._sent()}"
        taken = self.mail.taken[self._mail_read]
        self._mail_read += 1
        mail, text = mail_in(taken.content), words_of(taken.content)
        assert f"<{mail_of(number)}>" in taken.rcpt, f"the e-mail went to {taken.rcpt}: {text}"
        assert not [word for word in words if word not in text], text
        return mail

    def expect_call(self, agent: str, *words: str) -> str:
        """The next SMS or e-mail to this agent of `oncall` has these words in it.

        What was said to others meanwhile stays to be expected: what leaves in the same instant comes in any order.
        """
        phone, mail = (self.oncall["agents"][agent].get(way, "-") for way in ("phone", "email"))
        messages, first = self.twilio.messages, self._sms_read
        if found := [number for number in range(first, len(messages)) if messages[number]["to"] == phone]:
            messages.insert(first, messages.pop(found[0]))
            text: str = messages[first]["body"]
            self._sms_read += 1
        else:
            assert len(self.mail.taken) > self._mail_read, f"nothing went to {agent}; {self._sent()}"
            taken = self.mail.taken[self._mail_read]
            assert f"<{mail}>" in taken.rcpt, f"the e-mail went to {taken.rcpt}, not to {agent}; {self._sent()}"
            self._mail_read += 1
            text = words_of(taken.content)
        assert not [word for word in words if word not in text], text
        return text

    def expect_silence(self) -> None:
        """Nobody was told anything that was not expected."""
        assert not self._sent(), self._sent()

    def all_messages(self) -> tuple[Sequence[Resource], Sequence[Taken]]:
        """Every SMS and e-mail so far, for a story that looks at them as a whole."""
        self._sms_read, self._mail_read = len(self.twilio.messages), len(self.mail.taken)
        return self.twilio.messages, self.mail.taken

    def _sent(self) -> str:
        texts = [f"SMS to {one['to']}: {one['body']}" for one in self.twilio.messages[self._sms_read :]]
        texts += [f"e-mail {one.rcpt}" for one in self.mail.taken[self._mail_read :]]
        return "; ".join(texts)

    # What the daemon knows and tells

    async def reminders(self, number: int) -> list[Reminder]:
        """What is stored about an order, by job and part."""
        found = await self.ask(lambda store: store.list_reminders(Selection(order=str(number))))
        return sorted(found, key=lambda reminder: reminder.key)

    async def reminder(self, number: int) -> Reminder:
        """The only reminder about an order."""
        (found,) = await self.reminders(number)
        return found

    async def messages(self, *states: State) -> Sequence[AttemptRow]:
        """What `notifier messages --state …` lists."""
        return await self.ask(lambda store: store.list_attempts(Selection(states)))

    async def quarantined(self) -> Sequence[Quarantined]:
        return await self.ask(lambda store: store.quarantined())

    async def mark(self) -> SourceMark:
        return await self.ask(lambda store: store.mark("shop"))

    async def ask(self, question: Callable[[Store], Awaitable[T]]) -> T:
        """The answer of the store, which is read beside the daemon."""
        store = await open_store(f"sqlite:///{self.folder}/notifier.db", read_only=True)
        try:
            return await question(store)
        finally:
            await store.close()

    async def command(self, *arguments: str) -> str:
        """What a command prints that is run beside the daemon, at the time of the story; it has to succeed."""
        out = io.StringIO()
        file = write_settings(self.folder, {**self.settings, "clock": {"start": self.clock.now(), "speed": 0.001}})
        with redirect_stdout(out):
            code = await asyncio.to_thread(run_command, ["--config", str(file), *arguments])
        assert code == 0, out.getvalue()
        return out.getvalue()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log about this."""
        return [line for line in self._written.lines() if line.get("event") == event]

    # Setting up and taking down

    async def __aenter__(self) -> Self:
        self._handlers = list(logging.getLogger().handlers)
        for server in (self.shop, self.twilio, self.mail, self.manager):
            await self._servers.enter_async_context(server)
        self.settings = settings_for(self.shop.settings(), self.twilio.url, self.mail.port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            await self.close()
        finally:
            await self._servers.aclose()
            for handler in set(logging.getLogger().handlers) - set(self._handlers):
                logging.getLogger().removeHandler(handler)
        if kind is None:
            self.expect_silence()
            assert not self.shop.surprises
            assert not self.mail.violations
            self._written.check(self._personal, self._tokens())

    def _tokens(self) -> set[str]:
        """What the staff was sent to act in its name with."""
        texts = [one["body"] for one in self.twilio.messages] + [one["twiml"] for one in self.twilio.calls]
        texts += [words_of(one.content) for one in self.mail.taken]
        return {token for text in texts for token in re.findall(r"/(?:a|twilio/voice)/([\w-]+\.[\w-]+)", text)}
