"""Variables of the source: C, C++, Rust and Zig, with and without optimisation, and expressions over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from debugger.launch import Options
from debugger.session import Session
from debugger.source.pretty import short_name
from debugger.source.tree import nodes
from tests.debugger.sessions import opened
from ui.cli import main
from vm.errors import UserError
from vm.types import Addr

_DATA = Path(__file__).parents[1] / "data" / "source"


def _line_of(file: str, text: str) -> int:
    return next(i for i, line in enumerate((_DATA / file).read_text().splitlines(), 1) if text in line)


@contextmanager
def _at(module: str, file: str, text: str, hits: int = 1, seed: str = "3") -> Iterator[Session]:
    """A session that stands where a line of a source file with some text is reached."""
    with opened(Options(_DATA / f"{module}.wasm", invoke=("run", seed))) as session:
        session.add_breakpoint(f"{file}:{_line_of(file, text)}")
        for _ in range(hits):
            stopped = session.resume()
            assert stopped.reason.name == "BREAKPOINT", stopped
        yield session


def _variables(session: Session) -> dict[str, str]:
    found = session.source_frame()
    assert found is not None
    return {v.name: v.text for v in found.variables()}


def _text(session: Session, expression: str) -> str:
    return session.evaluator().evaluate(expression).text


@pytest.fixture(params=["people-O0", "people5-O0"])
def people(request: pytest.FixtureRequest) -> Iterator[Session]:
    with _at(request.param, "people.c", "int far =") as session:
        yield session


def test_variables_of_c(people: Session) -> None:
    found = _variables(people)
    assert found["points"] == "[{x = 3, y = 4}, {x = 1, y = 1}, {x = -6, y = 8}, {x = 3, y = 2}]"
    assert found["grid"] == "[[1, 2, 3], [4, 5, 3]]"
    assert found["text"] == '"kello"' and found["small"] == "-5" and found["seed"] == "3"
    assert found["word"].startswith("{bits = 1069547520, number = 1.5, ")
    assert found["names"].endswith('"Edsger"]') and found["flag"] == "1 '\\x01'"
    assert "i" not in found  # the loop is over


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("people[0].next->next->name", '→ "Edsger"'),
        ("people[1].favourite", "BLUE"),
        ("(*people).age + 1", "31"),
        ("people->height", "1.5"),
        ("points[2].x * points[2].y", "-48"),
        ("(points + 1)->y", "1"),
        ("*(unsigned char *)&counter", "10 '\\n'"),
        ("((struct point *)points)[3]", "{x = 3, y = 2}"),
        ("(unsigned char)small", "251 '\\xfb'"),
        ("total == 120 && counter > 9", "true"),
        ("people[2].change", "-2"),
        ("people[2].grade", "4"),
        ("names[1][0]", "71 'G'"),
        ("word.bytes[3]", "63 '?'"),
        ("grid[1][2]", "3"),
        ("&people[1] == people[0].next", "true"),
        ("source.seed", "3"),
    ],
)
def test_expressions(people: Session, expression: str, value: str) -> None:
    assert _text(people, expression).endswith(value)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("people[2].next->name", "the pointer is null"),
        ("people[0].nothing", "it has name, age"),
        ("points[4]", "it has 4"),
        ("nothing", "known: names, seed"),
        ("(struct nothing *)points", "no type"),
        ("*(struct point *)0xfffffff0", "memory"),
    ],
)
def test_what_is_not_there(people: Session, expression: str, why: str) -> None:
    with pytest.raises(UserError, match="column"):
        people.evaluator().evaluate(expression)
    with pytest.raises(UserError) as raised:
        people.evaluator().evaluate(expression)
    assert why in str(raised.value)


def test_set(people: Session) -> None:
    evaluator = people.evaluator()
    evaluator.assign("people[1].age", "77")
    evaluator.assign("small", "-9")
    evaluator.assign("points[0].x", "points[0].y + 1")
    evaluator.assign("people[0].next", "&people[2]")
    evaluator.assign("word.number", "2.5")
    evaluator.assign("text", '"bye"')
    assert _text(people, "people[1].age") == "77" and _variables(people)["small"] == "-9"
    assert _text(people, "points[0].x") == "5" and _text(people, "people[0].next->age") == "50"
    assert _text(people, "word.bits") == "1075838976" and _variables(people)["text"] == '"bye"'
    with pytest.raises(UserError, match="one of its fields"):
        evaluator.assign("points[0]", "points[1]")


def test_a_watchpoint_on_a_member() -> None:
    with _at("people-O0", "people.c", "word.number = 1.5f") as session:
        made = session.add_watchpoint("counter")
        stopped = session.resume()
        assert [t.id for t in stopped.detail.touched] == [made.id]
        assert stopped.detail.touched[0].before == "7" and stopped.detail.touched[0].after == "8"


def test_a_condition_on_source_variables() -> None:
    with opened(Options(_DATA / "people-O0.wasm", invoke=("run", "3"))) as session:
        session.add_breakpoint(f"people.c:{_line_of('people.c', 'sum += age')}", condition="age == 40 && sum > 0")
        session.resume()
        assert _text(session, "p->name").endswith('"Grace"')


def test_a_breakpoint_on_a_function_is_past_its_prologue() -> None:
    with opened(Options(_DATA / "people-O0.wasm", invoke=("run", "3"))) as session:
        session.add_breakpoint("sum_ages")
        session.resume()
        assert _text(session, "p->age") == "30"


def test_the_caller_and_its_variables() -> None:
    with _at("people-O0", "people.c", "sum += age") as session:
        session.select_frame(1)
        assert _text(session, "points[1]") == "{x = 1, y = 1}"


@pytest.mark.parametrize("module", ["people-O2", "people5-O2"])
def test_optimised_out_is_said_with_the_reason(module: str) -> None:
    with _at(module, "people.c", "total = sum_ages(people)") as session:
        found = _variables(session)
        assert "optimised out" in found["flag"] or found["flag"].startswith("1")
        gone = [text for text in found.values() if text.startswith("<optimised out")]
        assert gone and all(": " in text for text in gone)
        assert any("kept it nowhere" in text or "before 0x" in text for text in gone)


@pytest.mark.parametrize("module", ["people-O2", "people5-O2"])
def test_inlined_functions_and_their_variables(module: str) -> None:
    with _at(module, "people.c", "int age = p->age") as session:
        frame = session.frame()
        assert frame is not None
        (inner, at), (outer, call) = session.inlined(frame)
        assert (inner, outer) == ("sum_ages", "run") and at is not None and call is not None
        assert call.line == _line_of("people.c", "total = sum_ages(people)")
        source = session.source_frame()
        assert source is not None and {v.function for v in source.variables()} == {"", "sum_ages"}


@pytest.mark.parametrize("module", ["shapes-O0"])
def test_variables_of_cpp(module: str) -> None:
    with _at(module, "shapes.cpp", "int letters = count_vowels") as session:
        found = _variables(session)
        assert found["numbers"] == "[1, 2, 3, 5, 3]" and found["text"] == '"the quick brown fox"'
        assert found["pairs"] == "[{first = 1, second = 2}, {first = 4, second = 3}]"
        assert found["some"] == "optional(42)" and found["none"] == "nullopt"
        assert 'name = "a square whose name is too long to be held inline", kind = Square' in found["square"]
        assert _text(session, "shapes[0]->name") == '"circle"'
        assert _text(session, "numbers[3]") == "5" and _text(session, "pairs[1].second") == "3"
        assert _text(session, "geometry::Limit + 1") == _text(session, "Limit + 1") == "13"
        assert _text(session, "circle.radius") == "2.0" and _text(session, "circle.kind") == "Circle"
        source = session.source_frame()
        assert source is not None
        types = {v.name: short_name(v.type) for v in source.variables()}
        assert types["text"] == "std::string" and types["numbers"] == "std::vector<int>"


def test_maps_and_sets_of_cpp() -> None:
    with _at("maps-O0", "maps.cpp", "sum += ages.size()") as session:
        found = _variables(session)
        assert found["squares"].startswith("{3: {x = 1.0, y = 1.0}, 9: {x = 3.0, y = 9.0}, 15: ")
        assert found["squares"].endswith("27: {x = 9.0, y = 81.0}}") and found["empty"] == "{}"
        assert found["ages"] == '{"ada, countess of Lovelace": 36, "bob": 30}'
        assert found["letters"] == "{97 'a', 98 'b', 99 'c'}" and found["words"] == '{3: "three", 7: "seven"}'
        assert _text(session, "squares[21].y + 1") == "50.0" and _text(session, 'ages["bob"]') == "30"
        assert _text(session, "words[7]") == '"seven"' and _text(session, "letters[2]").startswith("99")
        session.evaluator().assign('ages["bob"]', "31")
        assert '"bob": 31' in _variables(session)["ages"]
        for missing in ("squares[10]", 'ages["eve"]', "letters[3]"):
            with pytest.raises(UserError, match="there is no element"):
                session.evaluator().evaluate(missing)
        source = session.source_frame()
        assert source is not None
        rows = {n.expression: n.text for n in nodes(source, {"squares", "ages", "letters", "squares[9]"})}
        assert rows["squares[9].x"] == "3.0" and rows['ages["bob"]'] == "31" and "letters[1]" in rows
        for expression in rows:
            session.evaluator().evaluate(expression)
        types = {v.name: short_name(v.type) for v in source.variables()}
        assert types["words"] == "std::unordered_map<int, std::string>"


def test_maps_that_are_damaged_or_not_there_yet_harm_nobody() -> None:
    with _at("maps-O0", "maps.cpp", "int sum = sum_of(squares)") as session:
        evaluator, memory = session.evaluator(), session.main.memories[0]
        region, at = memory.region.base, evaluator.evaluate("&squares").integer
        whole = memory.read(0, memory.size_bytes)
        node = int.from_bytes(memory.read(at, 4), "little")
        for place, word in ((at, 0xFFFF_FFF0), (at, node + 4), (at + 8, 0xFFFF_FFFF), (at + 8, 1000), (node + 4, node),
                            (node + 8, node), (node + 8, 0), (node, 0)):  # fmt: skip
            session.machine.space.write(Addr(region + place), word.to_bytes(4, "little"))
            assert _variables(session)["squares"]
            source = session.source_frame()
            assert source is not None and list(nodes(source, {"squares"}))
            session.machine.space.write(Addr(region), whole)


def test_maps_and_sets_of_rust() -> None:
    with _at("hashes-O0", "hashes.rs", "let sum = ages") as session:
        found = _variables(session)
        assert found["ages"] == '{"ada": 3, "bob": 30}' and found["letters"].startswith("{98")
        assert _text(session, 'ages["bob"]') == "30"


@pytest.mark.parametrize("module", ["units4-O0", "units5-O0"])
def test_types_in_units_of_their_own(module: str) -> None:
    """`.debug_types` of DWARF 4, type units of DWARF 5."""
    with _at(module, "units.cpp", "return line.other") as session:
        found = _variables(session)
        assert found["line"].startswith("{from = {x = 3, y = 2}, to = {x = 3, y = 4}, other = ")
        assert found["kind"] == "B" and _text(session, "line.other->y + 1") == "5"
        assert _text(session, "((geo::Point *)&line)[1].y") == "4"


@pytest.mark.parametrize(("module", "file"), [("split4-O0", "people-split.dwo"), ("split5-O0", "people-split.dwo")])
def test_variables_in_another_file_are_said_to_be_there(
    module: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = f"variables and types were split off to {file}, which is not read"
    with _at(module, "people.c", "best = length") as session:  # lines are here
        with pytest.raises(UserError) as raised:
            session.evaluator().evaluate("total + 1")
        assert raised.value.hint == said
    at = f"people.c:{_line_of('people.c', 'best = length')}"
    words = [w for c in (f"b {at}", "c", "info locals") for w in ("-ex", c)]
    assert main([*words, str(_DATA / f"{module}.wasm"), "--invoke", "run", "3"]) == 0
    assert f"  {said}\n" in capsys.readouterr().out


def test_references_stand_for_what_they_lead_to() -> None:
    with _at("shapes-O0", "shapes.cpp", "return letters") as session:
        assert _text(session, "vowels + 1") == "6"
        session.evaluator().assign("vowels", "50")
        session.select_frame(1)
        assert _text(session, "vowels") == "50"


def test_methods_see_their_object() -> None:
    with opened(Options(_DATA / "shapes-O0.wasm", invoke=("run", "3"))) as session:
        session.add_breakpoint("geometry::Circle::area")
        session.resume()
        assert _text(session, "this->radius") == "2.0" and _text(session, "this->kind") == "Circle"


def test_variables_of_rust() -> None:
    with _at("tree-O0", "tree.rs", "let middle =") as session:
        found = _variables(session)
        assert found["shapes"] == "[Circle(2.0), Rect {width: 3, height: 4}, Empty]"
        assert found["numbers"] == "[1, 2, 3, 5, 3]" and found["maybe"] == "Some(7)" and found["nothing"] == "None"
        assert (
            found["pair"].startswith("(1") and found["letter"].endswith("'é'") and found["result"] == 'Err("no luck")'
        )
        assert 'key = 5, name = "five", left = Some(' in found["tree"]
        assert _text(session, "numbers[3]") == "5" and _text(session, "shapes[1].width") == "3"


def test_slices_of_rust() -> None:
    with _at("tree-O0", "tree.rs", "sum += number") as session:
        assert _variables(session)["numbers"] == "[2, 3, 5]" and _text(session, "numbers[1]") == "3"


def test_variables_of_zig() -> None:
    with _at("queue-O0", "queue.zig", "return weight + sum", seed="5") as session:
        found = _variables(session)
        assert found["numbers"] == "[6, 2, 3, 5, 8]" and found["middle"] == "[2, 3, 5]" and found["maybe"] == "5"
        assert _text(session, "items[1]").startswith('{name = "two", weight = 10')
        assert _text(session, "items[1].colour") == "blue" and _text(session, "items[0].next->weight") == "10"


@pytest.mark.parametrize(
    ("module", "file", "text"),
    [
        ("shapes-O2", "shapes.cpp", "sum += part"),
        ("tree-O2", "tree.rs", "1 + left.max"),
        ("queue-O2", "queue.zig", "sum += item.weight"),
    ],
)
def test_optimised_programs_show_what_they_can(module: str, file: str, text: str) -> None:
    with _at(module, file, text) as session:
        found = _variables(session)
        assert found and all(text for text in found.values())


def test_the_tree_of_a_variable_names_its_parts() -> None:
    with _at("people-O0", "people.c", "sum += age") as session:
        source = session.source_frame()
        assert source is not None
        rows = {n.expression: n.text for n in nodes(source, {"p", "p.next"})}
        assert rows["p.age"] == "30" and rows["p.next.age"] == "40"
        for expression in rows:
            session.evaluator().evaluate(expression)
