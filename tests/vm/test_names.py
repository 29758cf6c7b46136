from __future__ import annotations

from tests.worlds import module
from vm.module import Names, Span
from vm.names import decode_names
from vm.naming import SectionNaming, identifier


def _names(payload: bytes) -> Names:
    return decode_names(payload, Span(0, len(payload)))


def test_all_subsections() -> None:
    names = module(
        """(module $m (type $t (func)) (memory $mem 1) (table $tab 1 funcref) (global $g i32 (i32.const 0))
        (data $d "x") (elem $e func $f) (func $f (param $x i32) (local $y i64) (block $out (br $out))))"""
    ).names
    assert (names.module, names.functions, names.locals) == ("m", {0: "f"}, {0: {0: "x", 1: "y"}})
    assert (names.labels, names.types, names.tables) == ({0: {0: "out"}}, {0: "t"}, {0: "tab"})
    assert (names.memories, names.globals) == ({0: "mem"}, {0: "g"})
    assert (names.datas, names.elems) == ({0: "d"}, {0: "e"})


def test_damage_keeps_what_came_before_it() -> None:
    assert _names(b"\x00\x02\x01m\x01\x05\x02\x00\x01a\x01").functions == {0: "a"}
    assert _names(b"\x00\x02\x01m\x01\xff").module == "m"


def test_a_damaged_subsection_does_not_hide_the_next() -> None:
    names = _names(b"\x01\x02\x01\x00" + b"\x07\x04\x01\x00\x01g")
    assert (names.functions, names.globals) == ({}, {0: "g"})


def test_unknown_subsections_and_bad_utf8_are_tolerated() -> None:
    names = _names(b"\x63\x01\x00" + b"\x00\x02\x01\xff")
    assert names.module == "\N{REPLACEMENT CHARACTER}"


def test_identifiers_quote_what_the_text_format_cannot_hold() -> None:
    assert identifier("a.b<c>") == "$a.b<c>"
    assert identifier("f(int, x)") == '$"f(int, x)"'
    assert identifier('a"b\n') == '$"a\\"b\\u{a}"'


def test_repeated_names_become_unique() -> None:
    naming = SectionNaming(Names(functions={0: "f", 3: "f", 4: "", 5: "g"}))
    assert [naming.func(i) for i in (0, 3, 4, 5)] == ["$f", "$f#3", "4", "$g"]
