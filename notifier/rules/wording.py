"""What a text must say, and what it must not: refusal in marketing, the sender's sign, no reward for reviews."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


# 《网络反不正当竞争暂行规定》 art. 9(5), in force since 2024-09-01: nothing may be given for a good review.
_REVIEW = _words(
    "好评, 评价, 评论, 晒单, 晒图, 追评, 五星, 点赞, "  # zh
    "review, rating, stars, feedback, testimonial"
)
_REWARD = _words(
    "返现, 返利, 红包, 优惠券, 代金券, 礼品, 赠品, 赠送, 有礼, 送礼, 奖励, 抽奖, 免单, 积分, 现金, 打折, "  # zh
    "cashback, cash back, coupon, voucher, discount, gift, reward, bonus, free, prize, points, % off, store credit"
)
_NEVER = _words(
    "给好评, 给个好评, 五星好评, 全五星, 好评返现, 好评有礼, 改好评, 修改评价, 修改差评, 删除差评, 删差评, "  # zh
    "5-star review, five-star review, 5 star review, five star review, positive review, good review, great review, "
    "change your review, edit your review, remove your review, delete your review"
)
_REFUSAL = _words("拒收, 退订, 取消订阅, 不想再收到, stop, opt out, opt-out, unsubscribe")
_SIGN = re.compile(r"【[^【】]+】")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wording:
    """What the check looks for; every list can be replaced in the settings.

    A word of `review` together with one of `reward` in one text is an incentive, a word of `never` by itself.
    `refusal` are the ways a marketing text may tell how to refuse it. `sms_parts` is how long an SMS may be: each part
    is paid for, and a name in Chinese letters more than halves what fits into one.
    """

    review: Collection[str] = _REVIEW
    reward: Collection[str] = _REWARD
    never: Collection[str] = _NEVER
    refusal: Collection[str] = _REFUSAL
    sms_parts: int = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A word that must not stand there, and the line it stands in, from 1."""

    word: str
    line: int


def incentives(text: str, wording: Wording) -> list[Found]:
    """The words of a text or template that offer something for a review, or ask to write a better one.

    Every branch of a template counts, its code and comments do not. Latin words count only whole: "freight" is not
    "free".
    """
    plain = _CODE.sub(_blank, _COMMENT.sub(_blank, text)).casefold()
    found = list(_find(plain, wording.never))
    if any(True for _ in _find(plain, wording.review)):
        found += _find(plain, wording.reward)
    return sorted(set(found), key=lambda hit: (hit.line, hit.word))


def refusable(text: str, wording: Wording) -> bool:
    """Does the text say how to refuse more of its kind? (MIIT 2015; MII order 38 art. 13; 47 CFR 64.1200)"""
    return any(True for _ in _find(text.casefold(), wording.refusal))


def signed(text: str) -> bool:
    """Does the SMS begin with its sender as 【shop】, as commercial SMS in China must?"""
    return _SIGN.match(text) is not None


def _find(text: str, words: Collection[str]) -> Iterator[Found]:
    for word in words:
        pattern = re.escape(word.casefold())
        if word.isascii():
            pattern = rf"(?<![a-z]){pattern}(?:e?s)?(?![a-z])"
        for match in re.finditer(pattern, text):
            yield Found(word, text.count("\n", 0, match.start()) + 1)


def _blank(match: re.Match[str]) -> str:
    """Code gives way to its line feeds, so that lines keep their numbers."""
    return "\n" * match[0].count("\n")
