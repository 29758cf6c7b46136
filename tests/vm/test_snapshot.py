"""Checkpoints: nothing that was written is missed, and what was not written costs nothing."""

from __future__ import annotations

import random

import pytest

from debugger.session import Session
from tests.debugger.sessions import session
from tests.debugger.test_history import PROGRAMS
from vm.snapshot import Snapshot, take

HUGE = """(module (memory 1100) (func (export "run") (param $n i32) (local $at i32)
  (loop $l
    (local.set $at (i32.const 0))
    (loop $pages
      (i32.store offset=0x4000000 (i32.mul (local.get $at) (i32.const 3)) (local.get $n))
      (br_if $pages (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (i32.const 0x100000))))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""


def is_complete(each: Session, snapshot: Snapshot) -> bool:
    """Whether a snapshot has every byte as it is."""
    for region, pages in snapshot.regions.items():
        data = b"".join(page for group in pages.groups for page in group)[: pages.size]
        if data != bytes(region.view[: pages.size]):
            return False
    return True


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_write_is_in_the_next_copy(name: str) -> None:
    chance = random.Random(name)
    wat, argument = PROGRAMS[name]
    with session(wat, "run", argument) as each:
        taken = [take(each.machine)]
        for _ in range(25):
            each.step_instruction(chance.randrange(1, 30))
            taken.append(take(each.machine))
            assert is_complete(each, taken[-1])
            if each.machine.thread_state.name != "READY":
                break


def test_what_is_shared_is_not_counted() -> None:
    with session(HUGE, "run", "6") as each:
        snapshots = [take(each.machine)]
        for turn in range(1, 4):
            each.until_tick(turn * 2400)
            snapshots.append(take(each.machine))
            assert 200 * 4096 <= snapshots[-1].new_bytes(snapshots[-2]) < 1.5 * 256 * 4096
            assert is_complete(each, snapshots[-1])
        last = snapshots[-1]
        assert take(each.machine).new_bytes(last) < 100_000
