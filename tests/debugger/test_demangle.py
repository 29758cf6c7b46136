"""Names as the source has them."""

from __future__ import annotations

import random

import pytest

from debugger.demangle import demangled
from debugger.symbols import source_names


@pytest.mark.parametrize(
    ("mangled", "source"),
    [
        ("_ZN4tree4main17h072b24d77782cb28E", "tree::main"),
        ("_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE",
         "<alloc::string::String as core::fmt::Display>::fmt"),
        ("_RNvNtCs1234_7mycrate3bar3foo", "mycrate::bar::foo"),
        ("_Z3addii", "add(int, int)"),
        ("_ZN8geometry6CircleC2Ed", "geometry::Circle::Circle(double)"),
        ("_ZNK8geometry6Circle4areaEv", "geometry::Circle::area() const"),
        ("_Z5totalRKNSt3__16vectorIPN8geometry5ShapeENS_9allocatorIS3_EEEE",
         "total(std::__1::vector<geometry::Shape*, std::__1::allocator<geometry::Shape*>> const&)"),
        ("_Z3maxIiET_S0_S0_", "max<int>(int, int)"),
        ("_ZlsRSoRK3Foo", "operator<<(std::ostream&, Foo const&)"),
        ("_ZZ4mainENKUlvE_clEv", "main()::{lambda()#1}::operator()() const"),
        ("_ZN12_GLOBAL__N_13fooEPFivE", "(anonymous namespace)::foo(int (*)())"),
        ("_ZTV3Foo", "vtable for Foo"),
        ("main", "main"),
        ("_Z", "_Z"),
        ("_ZN", "_ZN"),
        ("_ZNS_", "_ZNS_"),
    ],
)  # fmt: skip
def test_names(mangled: str, source: str) -> None:
    assert demangled(mangled) == source


def test_damaged_names_stay_as_they_are() -> None:
    random_ = random.Random(1)
    for _ in range(3000):
        name = "_Z" + "".join(random_.choice("NSTIEKPR0123_aivZLFDC4foo") for _ in range(random_.randrange(1, 40)))
        assert isinstance(demangled(name), str)


def test_what_a_function_may_be_called() -> None:
    assert source_names("a::f<int>(std::string)") >= {"a::f<int>", "a::f", "f", "a::f<int>(std::string)"}
    assert source_names("main") == {"main"}
