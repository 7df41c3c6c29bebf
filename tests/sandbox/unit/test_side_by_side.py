"""Jobs that run at the same time."""

import threading

import pytest

from sandbox.toolchain.side_by_side import side_by_side


def test_results_are_in_the_order_of_the_jobs() -> None:
    second_is_done = threading.Event()

    def first() -> str:
        assert second_is_done.wait(10)
        return "first"

    def second() -> str:
        second_is_done.set()
        return "second"

    assert side_by_side([first, second], 2) == ["first", "second"]


def test_the_first_error_is_raised_and_others_may_end_at_it() -> None:
    stopped, begun = threading.Event(), threading.Event()

    def endless() -> None:
        begun.set()
        assert stopped.wait(10)
        raise ValueError("ended")

    def failing() -> None:
        assert begun.wait(10)
        raise KeyError("first")

    never = pytest.fail
    with pytest.raises(KeyError, match="first"):
        side_by_side([endless, failing, lambda: never("begun")], 2, stopped)
