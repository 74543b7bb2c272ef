"""Pace and breaker, with clocks that go forward, stand still and are set back (C2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.limits import Breaker, TokenBucket
from tests.fakes.drawn import together

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class TestTokenBucket:
    def test_a_full_bucket_lets_its_count_go_at_once_and_the_next_wait_in_turn(self) -> None:
        bucket = TokenBucket(2, 10)
        assert [bucket.take(NOW) for _ in range(6)] == [0, 0, 10, 10, 20, 20]

    def test_each_token_comes_back_after_its_own_time(self) -> None:
        bucket = TokenBucket(2, 10)
        assert [bucket.take(after(0)), bucket.take(after(6))] == [0, 0]
        assert bucket.take(after(9)) == 1
        assert bucket.take(after(9)) == 7

    def test_a_robots_twenty_a_minute_are_never_forty(self) -> None:
        bucket = TokenBucket(20, 60)
        went = sorted(after(n) + timedelta(seconds=bucket.take(after(n))) for n in range(200))
        assert all(later - first >= timedelta(minutes=1) for first, later in zip(went, went[20:], strict=False))

    def test_several_at_once_wait_for_the_last_of_them(self) -> None:
        bucket = TokenBucket(3, 10)
        assert bucket.take(NOW, 2) == 0
        assert bucket.take(NOW, 2) == 10
        assert bucket.take(NOW, 7) == 30

    def test_after_a_rest_it_is_full_again_and_no_fuller(self) -> None:
        bucket = TokenBucket(2, 10)
        for _ in range(4):
            bucket.take(NOW)
        assert [bucket.take(after(3600)) for _ in range(3)] == [0, 0, 10]

    def test_a_clock_set_back_does_not_stop_it_for_an_hour(self) -> None:
        bucket = TokenBucket(2, 10)
        assert [bucket.take(NOW) for _ in range(3)] == [0, 0, 10]
        assert bucket.take(after(-3600)) == 10
        assert bucket.take(after(-3600 + 10)) == 10
        assert bucket.take(after(-3600 + 100)) == 0

    def test_asking_when_a_token_is_free_reserves_none(self) -> None:
        bucket = TokenBucket(2, 10)
        for _ in range(2):
            assert bucket.ready_in(NOW) == 0
            assert bucket.take(NOW) == 0
        assert [bucket.ready_in(after(4)), bucket.ready_in(after(4)), bucket.ready_in(after(10))] == [6, 6, 0]

    def test_asking_puts_up_with_a_clock_set_back_too(self) -> None:
        bucket = TokenBucket(1, 10)
        bucket.take(NOW)
        assert [bucket.ready_in(after(4)), bucket.ready_in(after(-3600)), bucket.ready_in(after(-3594))] == [6, 6, 0]

    def test_a_copy_goes_on_from_the_same_reservations_and_leaves_the_original_alone(self) -> None:
        bucket = TokenBucket(2, 10)
        bucket.take(NOW, 2)
        other = bucket.copy()
        assert [other.take(after(4)) for _ in range(3)] == [6, 6, 16]
        assert bucket.take(after(4)) == 6

    @pytest.mark.parametrize(("count", "seconds"), [(0, 1), (-1, 1), (1, 0), (1, -1)])
    def test_what_is_no_rate_is_refused(self, count: int, seconds: float) -> None:
        with pytest.raises(ValueError, match="both numbers must be above zero"):
            TokenBucket(count, seconds)

    @given(
        st.integers(1, 5),
        st.integers(1, 60),
        st.lists(together(range(41), range(1, 4)), min_size=1, max_size=30),
    )
    def test_no_stretch_sees_more_than_the_count_and_nobody_waits_for_nothing(
        self, count: int, seconds: int, takes: list[tuple[int, int]]
    ) -> None:
        bucket, clock = TokenBucket(count, seconds), NOW
        went: list[datetime] = []
        for pause, n in takes:
            clock += timedelta(seconds=pause)
            for _ in range(n):
                free = clock if len(went) < count else max(clock, went[-count] + timedelta(seconds=seconds))
                assert bucket.ready_in(clock) == (free - clock).total_seconds()
                went.append(clock + timedelta(seconds=bucket.take(clock)))
                assert went[-1] == free

    @given(st.integers(1, 5), st.integers(1, 60), st.lists(st.integers(-5000, 40), max_size=30))
    def test_however_the_clock_is_set_back_waits_stay_in_proportion(
        self, count: int, seconds: int, pauses: list[int]
    ) -> None:
        bucket, clock = TokenBucket(count, seconds), NOW
        for number, pause in enumerate(pauses):
            clock += timedelta(seconds=pause)
            assert 0 <= bucket.take(clock) <= (number // count) * seconds


class TestBreaker:
    def fail(self, breaker: Breaker, times: int, now: datetime = NOW) -> None:
        for _ in range(times):
            breaker.failed(now)

    def test_four_failures_are_bad_luck_the_fifth_opens_it(self) -> None:
        breaker = Breaker()
        self.fail(breaker, 4)
        assert (breaker.allows(NOW), breaker.state, breaker.until) == (True, "closed", None)
        self.fail(breaker, 1)
        assert (breaker.allows(NOW), breaker.state, breaker.until) == (False, "open", after(30))
        assert not breaker.allows(after(29.999))

    def test_a_success_in_between_starts_the_count_again(self) -> None:
        breaker = Breaker()
        for _ in range(10):
            self.fail(breaker, 4)
            assert breaker.allows(NOW)
            breaker.succeeded()

    def test_a_wrong_password_opens_it_at_once(self) -> None:
        breaker = Breaker()
        breaker.failed(NOW, at_once=True)
        assert (breaker.state, breaker.until) == ("open", after(30))

    def test_half_open_one_trial_goes_and_its_success_closes(self) -> None:
        breaker = Breaker()
        self.fail(breaker, 5)
        assert [breaker.allows(after(30)) for _ in range(3)] == [True, False, False]
        assert breaker.state == "half-open"
        breaker.succeeded()
        assert (breaker.state, breaker.until) == ("closed", None)
        assert all(breaker.allows(after(31)) for _ in range(3))
        self.fail(breaker, 5, after(40))
        assert breaker.until == after(70)

    def test_each_failed_trial_doubles_the_wait_up_to_five_minutes(self) -> None:
        breaker, now, waits = Breaker(), NOW, []
        self.fail(breaker, 5)
        for _ in range(6):
            assert breaker.until is not None
            waits.append((breaker.until - now).total_seconds())
            now = breaker.until
            assert breaker.allows(now)
            breaker.failed(now)
        assert waits == [30, 60, 120, 240, 300, 300]
        breaker.succeeded()
        breaker.failed(now, at_once=True)
        assert breaker.until == now + timedelta(seconds=30)

    def test_failures_of_calls_that_left_before_it_opened_do_not_prolong_it(self) -> None:
        breaker = Breaker()
        self.fail(breaker, 5)
        self.fail(breaker, 8, after(20))
        breaker.failed(after(20), at_once=True)
        assert breaker.until == after(30)

    def test_a_trial_that_never_reports_is_given_out_again(self) -> None:
        breaker = Breaker()
        self.fail(breaker, 5)
        assert breaker.allows(after(30))
        assert not breaker.allows(after(59))
        assert breaker.allows(after(60))

    def test_a_clock_set_back_does_not_keep_it_open_for_an_hour(self) -> None:
        breaker = Breaker()
        self.fail(breaker, 5)
        assert not breaker.allows(after(-3600))
        assert breaker.until == after(-3570)
        assert breaker.allows(after(-3570))

    def test_its_numbers_can_be_chosen(self) -> None:
        breaker = Breaker(failures=1, shortest=timedelta(seconds=1), longest=timedelta(seconds=2))
        breaker.failed(NOW)
        assert breaker.until == after(1)
        for second in (1, 3, 5):
            assert breaker.allows(after(second))
            breaker.failed(after(second))
        assert breaker.until == after(7)

    @given(st.lists(together(["ask", "ok", "fail", "at once"], range(401)), max_size=40))
    def test_it_never_allows_before_its_time_nor_stays_shut_for_more_than_five_minutes(
        self, story: list[tuple[str, int]]
    ) -> None:
        breaker, now = Breaker(), NOW
        for what, pause in story:
            now += timedelta(seconds=pause)
            until = breaker.until
            if what == "ask":
                assert breaker.allows(now) == (until is None or now >= until)
            elif what == "ok":
                breaker.succeeded()
            else:
                breaker.failed(now, at_once=what == "at once")
            assert (breaker.until is None) == (breaker.state == "closed")
            assert breaker.until is None or breaker.until <= now + timedelta(minutes=5)
