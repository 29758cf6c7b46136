"""Atomic instructions where the official scripts do not look."""

from __future__ import annotations

import pytest

from tests.worlds import World

_OF = {"i32.atomic.rmw8": "i32", "i32.atomic.rmw16": "i32", "i64.atomic.rmw8": "i64", "i64.atomic.rmw32": "i64"}


@pytest.mark.parametrize(("prefix", "type_"), _OF.items())
def test_a_narrow_compare_exchange_compares_what_it_loads(prefix: str, type_: str) -> None:
    """Bits of the expected value above the access are left out (proposal: threads, Overview)."""
    world = World(
        f"""(module (memory 1 1)
      (func (export "run") (result i64)
        (drop ({prefix}.cmpxchg_u (i32.const 8) ({type_}.const -0x100000000) ({type_}.const 0x42)))
        (i64.load (i32.const 8))))""".replace("i32.const -0x100000000", "i32.const -0x10000")
    )
    assert world.call("run") == (0x42,)
