"""Twilio's error numbers and what we do about them. Source: https://www.twilio.com/docs/api/errors

Twilio refines its numbers from time to time (changelog of 2024-07-10), so the table can be changed in the settings:
`errors = { 30003 = "never" }`. Numbers from 30000 on come with status callbacks as a rule, seldom with an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from notifier.channels.verdicts import Meaning

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)

TWILIO_ERRORS: Mapping[int, Meaning] = {
    # the account or the sender: nothing leaves until a person has changed something
    10001: Meaning("down", "the account is not active"),
    20003: Meaning("down", "account_sid and token do not match"),
    20005: Meaning("down", "the account is not active"),
    20006: Meaning("down", "the account may not do this"),
    20404: Meaning("down", "no such account; check account_sid and base_url"),
    21210: Meaning("down", "the sender does not belong to this account and is not verified"),
    21212: Meaning("down", "the sender is not a valid number"),
    21601: Meaning("down", "the sender's number cannot send SMS"),
    21603: Meaning("down", "a sender is missing"),
    21606: Meaning("down", "the sender does not belong to this account or cannot send SMS"),
    21701: Meaning("down", "no such messaging service"),
    21703: Meaning("down", "the messaging service has no sender"),
    30002: Meaning("down", "the account is suspended"),
    30010: Meaning("down", "the price is above the account's limit"),
    30034: Meaning("down", "the sender is not registered for US traffic (A2P 10DLC)"),
    90010: Meaning("down", "the account is not active"),
    # too much at once
    10004: Meaning("later", "too many calls at once", _MINUTE),
    14107: Meaning("later", "too many messages at once", _MINUTE),
    20429: Meaning("later", "too many requests", _MINUTE),
    21611: Meaning("later", "the sender's queue is full", 10 * _MINUTE),
    30001: Meaning("later", "the sender's queue is full", 10 * _MINUTE),
    63038: Meaning("later", "the account has reached its daily limit", _HOUR),
    # Twilio itself
    20500: Meaning("unknown", "an internal error; it may have been taken"),
    # the number
    21211: Meaning("suppress", "no valid number"),
    21214: Meaning("suppress", "the number cannot be reached"),
    21217: Meaning("suppress", "no valid number"),
    21265: Meaning("suppress", "a short code"),
    21610: Meaning("suppress", "the recipient has opted out"),
    21614: Meaning("suppress", "not a mobile number"),
    21635: Meaning("suppress", "a landline"),
    30003: Meaning("later", "the handset is switched off or out of reach", _HOUR),
    30005: Meaning("never", "the number is unknown or not in use any more"),
    30006: Meaning("never", "a landline, or a network that cannot be reached"),
    # this number and this account together: other recipients are reached, so the channel stays open
    21215: Meaning("never", "the account may not call this country; allow it in Twilio's geo permissions"),
    21216: Meaning("never", "the account may not call this number"),
    21219: Meaning("never", "a trial account may only reach verified numbers"),
    21408: Meaning("never", "the account may not send to this country; allow it in Twilio's geo permissions"),
    21608: Meaning("never", "a trial account may only write to verified numbers"),
    21612: Meaning("never", "this sender cannot reach this number"),
    # the text
    21602: Meaning("never", "the text is empty"),
    21605: Meaning("never", "the text is too long"),
    21617: Meaning("never", "the text is longer than 1600 characters"),
    30004: Meaning("never", "blocked by the recipient or the network"),
    30007: Meaning("never", "taken for spam by the network; change the text before sending it again"),
    # the network
    30008: Meaning("later", "an error in the network", 10 * _MINUTE),
    30009: Meaning("later", "a part was lost on the way", 10 * _MINUTE),
}
