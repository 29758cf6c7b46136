"""Named places in memory."""

from __future__ import annotations

import pytest

from debugger.bookmarks import Bookmarks
from tests.debugger.sessions import session
from vm.errors import UserError

_WAT = '(module (memory 1) (func (export "run")))'


def test_they_hold_after_a_restart() -> None:
    with session(_WAT, "run") as paused:
        region = paused.main.memories[0].region
        paused.bookmarks.set("here", region, 16)
        assert paused.bookmarks.get("here").address(paused.machine.space) == region.base + 16
        paused.restart()
        again = paused.main.memories[0].region
        assert paused.bookmarks.get("here").address(paused.machine.space) == again.base + 16
        assert paused.bookmarks.in_region(again) == {16: "here"}


def test_one_name_stands_for_one_place() -> None:
    with session(_WAT, "run") as paused:
        region, marks = paused.main.memories[0].region, Bookmarks()
        marks.set("a", region, 1)
        marks.set(" a ", region, region.size)
        assert len(marks) == 1
        assert marks.get("a").address(paused.machine.space) is None
        marks.delete("a")
        for wrong in (lambda: marks.get("a"), lambda: marks.delete("a"), lambda: marks.set(" ", region, 0)):
            with pytest.raises(UserError):
                wrong()
