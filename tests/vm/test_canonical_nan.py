"""The deterministic profile: arithmetic makes only canonical NaNs, moves leave bits alone."""

from __future__ import annotations

import pytest

from tests.worlds import World
from vm.machine import Machine

TEXT = """
(module
  (func (export "div") (result f32) (f32.div (f32.const 0) (f32.const 0)))
  (func (export "sqrt") (result f64) (f64.sqrt (f64.const -1)))
  (func (export "add") (param f64) (result f64) (f64.add (local.get 0) (f64.const 1)))
  (func (export "neg") (param f32) (result f32) (f32.neg (local.get 0)))
  (func (export "lanes") (result i64)
    (i64x2.extract_lane 1 (f64x2.mul (v128.const f64x2 1 inf) (v128.const f64x2 2 0)))))
"""


def machine(canonical: bool) -> Machine:
    made = Machine()
    made.canonical_nan = canonical
    return made


@pytest.mark.parametrize(
    ("export", "args", "bits"),
    [
        ("div", (), 0x7FC0_0000),
        ("sqrt", (), 0x7FF8_0000_0000_0000),
        ("add", (0xFFF0_0000_0000_0001,), 0x7FF8_0000_0000_0000),
        ("neg", (0x7FA0_0001,), 0xFFA0_0001),
        ("lanes", (), 0x7FF8_0000_0000_0000),
    ],
)
def test_nans_are_canonical(export: str, args: tuple[int, ...], bits: int) -> None:
    assert World(TEXT, machine=machine(canonical=True)).call(export, *args) == (bits,)


def test_without_the_profile_the_sign_is_the_hardwares() -> None:
    assert World(TEXT, machine=machine(canonical=False)).call("div") == (0xFFC0_0000,)
