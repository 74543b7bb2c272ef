"""Mail into a folder: whole files, once each, readable by programs that know Maildir and by those that know .eml."""

from __future__ import annotations

import asyncio
import email
import mailbox
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.channels.maildir import Maildir, MaildirOptions, file_name
from notifier.model.message import Attempt, Receipt, TryLater
from notifier.model.order import Customer
from tests.fakes.letters import attempt, message, surroundings


def maildir(start: Path, **changes: Any) -> Maildir:
    return Maildir("outbox", MaildirOptions.model_validate({"type": "maildir"} | changes), surroundings(start))


def letter(channel: Maildir, number: int = 1, **changes: Any) -> Attempt:
    return attempt(channel, message(**({"address": "bob@example.org"} | changes)), number)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_message_becomes_one_whole_file(tmp_path: Path) -> None:
    channel = maildir(tmp_path)
    sent = letter(channel)
    outcome = await channel.deliver(sent)
    await channel.close()
    (file,) = (tmp_path / "mail" / "new").iterdir()
    assert outcome == Receipt(reference="20260301T090000.000000Z.attempt-1.eml")
    assert file.name == "20260301T090000.000000Z.attempt-1.eml"
    assert file.read_bytes() == sent.content
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


async def test_mail_programs_read_it(tmp_path: Path) -> None:
    channel = maildir(tmp_path, sender="小店 <shop@example.com>")
    await channel.deliver(letter(channel, subject="订单", html="<p>您好</p>"))
    (read,) = mailbox.Maildir(tmp_path / "mail", create=False)
    assert read["Subject"] == "=?utf-8?b?6K6i5Y2V?="
    assert read.get_content_type() == "multipart/alternative"
    (file,) = (tmp_path / "mail" / "new").glob("*.eml")
    assert email.message_from_bytes(file.read_bytes())["To"] == "Ada Lovelace <bob@example.org>"


async def test_the_same_attempt_again_adds_nothing(tmp_path: Path) -> None:
    channel = maildir(tmp_path)
    outcomes = [await channel.deliver(letter(channel)) for _ in range(2)]
    outcomes += await asyncio.gather(*(channel.deliver(letter(channel)) for _ in range(5)))
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1
    await channel.deliver(letter(channel, 2))
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 2


async def test_not_even_when_somebody_has_read_it_meanwhile(tmp_path: Path) -> None:
    channel = maildir(tmp_path)
    await channel.deliver(letter(channel))
    (file,) = (tmp_path / "mail" / "new").iterdir()
    file.rename(tmp_path / "mail" / "cur" / f"{file.name}:2,S")
    assert isinstance(await channel.deliver(letter(channel)), Receipt)
    assert list((tmp_path / "mail" / "new").iterdir()) == []


async def test_names_sort_by_time(tmp_path: Path) -> None:
    channel = maildir(tmp_path)
    first = letter(channel)
    later = replace(first, id="a", started=first.started + timedelta(microseconds=1))
    assert sorted([file_name(later), file_name(first)]) == [file_name(first), file_name(later)]


@pytest.mark.parametrize("id_", ["../../etc/passwd", "a:2,S", "", "x" * 300, "*", "a b", "\ud800"])
async def test_no_id_leaves_the_folder(id_: str, tmp_path: Path) -> None:
    channel = maildir(tmp_path)
    for _ in range(2):
        assert isinstance(await channel.deliver(replace(letter(channel), id=id_)), Receipt)
    (file,) = files(tmp_path)
    assert file.parent == tmp_path / "mail" / "new"
    assert ":" not in file.name


async def test_a_folder_that_cannot_be_written_to_is_the_channels_fault(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    channel = maildir(tmp_path)
    outcome = await channel.deliver(letter(channel))
    assert isinstance(outcome, TryLater)
    assert outcome.channel_down
    assert "Not a directory" in outcome.reason or "File exists" in outcome.reason


async def test_nothing_is_left_of_what_could_not_be_finished(tmp_path: Path) -> None:
    channel = maildir(tmp_path)
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "new").symlink_to("/proc")  # nothing can be moved there
    outcome = await channel.deliver(letter(channel))
    assert isinstance(outcome, TryLater)
    assert "cross-device" in outcome.reason
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


async def test_the_folder_may_stand_anywhere(tmp_path: Path) -> None:
    channel = maildir(tmp_path / "settings", folder=str(tmp_path / "else" / "where"))
    await channel.deliver(letter(channel))
    assert len(list((tmp_path / "else" / "where" / "new").iterdir())) == 1


NOBODY = Customer()
CUSTOMERS = [
    (Customer(email="Bob@EXAMPLE.org", phone="+12025550123"), "Bob@example.org", "Bob@example.org"),
    (Customer(email="not one", phone="+1 202 555 0123"), None, "+1-202-555-0123@phone.invalid"),
    (Customer(id="c/4711"), None, "c-4711@customer.invalid"),
    (Customer(id="李雷"), None, "unknown@customer.invalid"),
    (NOBODY, None, "unknown@customer.invalid"),
]


@pytest.mark.parametrize(("customer", "usual", "caught"), CUSTOMERS)
def test_who_is_reached(customer: Customer, usual: str | None, caught: str, tmp_path: Path) -> None:
    assert maildir(tmp_path).address_of(customer) == usual
    channel = maildir(tmp_path, catch_all=True)
    assert channel.address_of(customer) == caught
    assert caught.encode() in channel.compose(message(address=caught))


def test_constructing_writes_nothing(tmp_path: Path) -> None:
    assert maildir(tmp_path / "none").kind == "email"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValidationError):
        maildir(tmp_path, one_file=True)
