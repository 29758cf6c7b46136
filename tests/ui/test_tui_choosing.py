"""The palette, jump mode, key sets, configuration, themes, layouts and sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from debugger.launch import Options
from tests.ui.programs import FIB, start
from tests.ui.screens import Shown, on_loop, shown
from ui.start import Start, WorldArgs
from ui.tui.entries import Entries, Entry
from ui.tui.key_sets import SETS, known_ids, pane_bindings
from ui.tui.keys import EVERYWHERE, shown_key
from ui.tui.panes.code import CodePane
from ui.tui.preferences import CONFIG_NAME, Kept, read_configuration
from ui.tui.registry import PANES


def fib(folder: Path) -> object:
    return start(folder, FIB, "fib", "5")


# -- finding ---------------------------------------------------------------------------------------


def test_what_begins_with_the_letters_comes_first() -> None:
    names = ("unfib", "$fib", "fibonacci", "f_i_b", "other")
    found = [e.text for e in Entries(Entry("function", name) for name in names).find("FIB")]
    assert found == ["fibonacci", "$fib", "unfib", "f_i_b"]


def test_one_of_twenty_thousand_symbols_is_found() -> None:
    entries = Entries(Entry("function", f"$module_{i % 97}::method_{i:05}") for i in range(20_000))
    assert entries.find("method_12345")[0].text == "$module_26::method_12345"


@on_loop
async def test_the_palette_runs_commands_keys_panes_and_goes_to_symbols(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await palette(screen, "twice")
        await screen.sees("(func $twice")
        await palette(screen, "one instruction")
        await screen.sees("tick 1")
        await palette(screen, "breakpoint at the cursor")
        await screen.sees("●")
        await palette(screen, "hexdump")
        assert screen.app.desk.active == "console"
        await screen.sees("hexdump ")
        await screen.press("escape")
        await palette(screen, "instances")
        assert screen.app.desk.active == "instances"
        await palette(screen, "theme wasmscope-light")
        assert screen.app.theme == "wasmscope-light"
        await screen.press("ctrl+p")
        await screen.type("qqqqzz")
        await screen.sees("nothing is called that")
        await screen.press("enter", "escape")
        assert "everything:" not in screen.text()


async def palette(screen: Shown, text: str) -> None:
    await screen.press("ctrl+p")
    await screen.type(text)
    await screen.pilot.pause()
    await screen.press("enter")


@on_loop
async def test_a_click_chooses_from_the_palette(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("ctrl+p")
        await screen.type("Instances")
        await screen.sees("pane     Instances")
        await screen.click(*screen.at("pane     Instances"))
        await screen.until(lambda: screen.app.desk.active == "instances")
        await screen.press("ctrl+p")
        await screen.click(*screen.at("type some letters"))
        await screen.sees("everything:")
        await screen.click(2, screen.app.size.height - 1)
        await screen.until(lambda: "everything:" not in screen.text())


@on_loop
async def test_the_palette_while_the_program_runs(tmp_path: Path) -> None:
    async with shown(start(tmp_path, FIB, "forever")) as screen:
        await screen.press("ctrl+t", "escape")
        await screen.pilot.press("c")
        await screen.until(lambda: screen.app.shared.running)
        await screen.pilot.press("ctrl+p")
        await screen.type("GC heap")
        await screen.pilot.press("enter")
        await screen.until(lambda: screen.app.desk.active == "heap")
        await screen.pilot.press("ctrl+t")
        await screen.type("twice")
        await screen.pilot.press("enter")
        await screen.sees("the program is running: F6 pauses it")
        await screen.press("f6")
        await screen.sees("pause")


@on_loop
async def test_symbols_alone(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        await screen.press("ctrl+t")
        await screen.sees("functions, globals, exports")
        await screen.type("calls")
        await screen.press("enter")
        await screen.sees("print $calls")


@on_loop
async def test_jump_mode_reaches_every_pane_on_the_screen(tmp_path: Path) -> None:
    async with shown(fib(tmp_path), (200, 50)) as screen:
        tabs = [id_ for id_, _, _ in screen.app.desk.tab_places()]
        assert set(tabs) == {p.id for p in PANES}
        for letter, id_ in zip("asdfghjkl", tabs, strict=False):
            await screen.press("ctrl+o")
            await screen.sees(f"[{letter}]")
            await screen.press(letter)
            assert screen.app.desk.active == id_
            if id_ in ("console", "output"):
                await screen.press("escape")


# -- keys ------------------------------------------------------------------------------------------


def test_shifted_letters_go_back_and_do_nothing_else() -> None:
    every = [(key, binding.id or "") for _, binding in pane_bindings() for key in binding.key.split(",")]
    every += [(key, id_) for keys in SETS.values() for id_, value in keys.items() for key in value.split(",")]
    shifted = {id_ for key, id_ in every if len(key) == 1 and key.isupper()}
    assert shifted and all(id_.startswith("back.") or id_.endswith((".wrote", ".time")) for id_ in shifted)


def test_key_sets_name_bindings_that_there_are() -> None:
    for name, keys in SETS.items():
        assert set(keys) <= known_ids(), name


@pytest.mark.parametrize("name", SETS)
def test_no_key_is_given_twice(name: str) -> None:
    for own in {where for where, _ in pane_bindings()}:
        given: dict[str, str] = {}
        for where, binding in pane_bindings():
            if where == own:
                for key in SETS[name].get(binding.id or "", binding.key).split(","):
                    assert key not in given, (name, own, key, binding.id, given[key])
                    given[key] = binding.id or ""


def test_every_binding_everywhere_has_an_id_and_says_what_it_does() -> None:
    assert all(binding.id and binding.description for binding in EVERYWHERE)
    assert shown_key("n,f10") == "n F10"
    assert shown_key("shift+f11,ctrl+p,plus,question_mark") == "⇧F11 ^P + ?"


@on_loop
async def test_key_sets_change_keys(tmp_path: Path) -> None:
    async with shown(fib(tmp_path), keys="gdb") as screen:
        await screen.press("o")
        await screen.sees("tick 1")
        await screen.press("v")
        assert screen.app.desk.active == "frame"
        await screen.command("keys vim")
        await screen.press("escape", "o")
        await screen.sees("tick 2")
        await screen.press("y")
        assert screen.app.desk.active == "output"
        code = screen.app.query_one(CodePane)
        await screen.press("escape", "1", "dollar_sign")
        assert code.cursor > 20
        await screen.press("g", "g")
        assert code.cursor == 0
        await screen.command("keys emacs")
        await screen.sees("there is no key set 'emacs'")
        await screen.press("escape", "question_mark")
        await screen.sees("o F10")


@on_loop
async def test_keys_of_the_users_own(tmp_path: Path) -> None:
    configure(tmp_path, 'theme = "nord"\n[bind]\n"run.over" = "k"\n"run.instruction" = "semicolon"\n')
    async with shown(fib(tmp_path)) as screen:
        assert screen.app.theme == "nord"
        await screen.press("semicolon")
        await screen.sees("tick 1")
        await screen.press("i")
        await screen.sees("tick 1")


def configure(folder: Path, text: str) -> Path:
    path = folder / "config" / "wasmscope" / CONFIG_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keys = 3", "keys is to be a text"),
        ('keys = "emacs"', "'emacs' is none of default, vim, gdb"),
        ("nonsense = 1", "'nonsense' is not known"),
        ("a = [", "config.toml: "),
        ('[bind]\n"run.nowhere" = "n"', "nothing is called 'run.nowhere'"),
        ('[bind]\n"run.over" = 3', "run.over: keys are a text"),
        ('[bind]\n"run.over" = "N"', "shifted letters are reserved"),
        ("bind = 3", "bind is to be a table"),
    ],
)
def test_bad_entries_are_one_line_each(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = read_configuration(configure(tmp_path, text)).problems
    assert said in problem
    assert "\n" not in problem


@on_loop
async def test_a_bad_configuration_is_said_and_passed_over(tmp_path: Path) -> None:
    configure(tmp_path, 'theme = "beige"\nlayout = "none"\nkeys = "emacs"')
    async with shown(fib(tmp_path), wait=False) as screen:
        await screen.sees("'emacs' is none of")
        await screen.sees("(and 2 more, in the console)")
        await screen.press("8")
        await screen.sees("there is no theme 'beige'")


# -- sizes and layouts -----------------------------------------------------------------------------


@on_loop
async def test_borders_are_dragged(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        pane = screen.app.desk.pane("code")
        assert pane is not None
        width, height = pane.size
        x, y = pane.region.right - 1, pane.region.bottom - 1
        await drag(screen, (x, 5), (x - 20, 5))
        assert pane.size.width == width - 20
        await drag(screen, (5, y), (5, y + 6))
        assert pane.size.height == height + 6
        assert "(func $fib" in screen.text()
        await screen.press("minus")
        assert pane.size.height < height + 6
        await screen.press("plus")
        assert pane.size.height == height + 6


async def drag(screen: Shown, start: tuple[int, int], end: tuple[int, int]) -> None:
    await screen.pilot.mouse_down(offset=start)
    await screen.pilot.hover(offset=end)
    await screen.pilot.mouse_up(offset=end)
    await screen.pilot.pause()


@on_loop
async def test_layouts_are_saved_and_used_again(tmp_path: Path) -> None:
    async with shown(fib(tmp_path)) as screen:
        for command in ("pane tables hide", "pane map code", "layout save mine"):
            await screen.command(command)
            await screen.press("escape")
        await screen.pilot.pause()
        assert "6 Tabl" not in screen.text()
        assert "7 Map" in screen.text().split("\n")[1]
        await screen.command("layout usual")
        await screen.sees("6 Tabl")
        await screen.command("pane nothing hide")
        await screen.sees("there is no pane 'nothing'")
    configure(tmp_path, 'layout = "mine"')
    async with shown(fib(tmp_path)) as screen:
        assert "6 Tabl" not in screen.text()
        assert "7 Map" in screen.text().split("\n")[1]
        await screen.press("6")
        await screen.sees("table $table")
        await screen.command("layout delete mine")
        await screen.command("layout mine")
        await screen.sees("there is no layout 'mine'")


def test_a_damaged_state_file_counts_as_none(tmp_path: Path) -> None:
    for text in ("[", "[1]", "\xff"):
        (tmp_path / "screen.json").write_bytes(text.encode("latin-1"))
        kept = Kept(tmp_path)
        assert kept.get("layouts") is None
        kept.put("layouts", {})
        assert json.loads((tmp_path / "screen.json").read_text()) == {"layouts": {}}


@on_loop
async def test_a_source_file_is_opened_in_the_source_pane() -> None:
    sample = Path(__file__).parents[2] / "sample-modules" / "fib" / "fib.wasm"
    async with shown(Start(Options(path=sample, args=("3",)), WorldArgs())) as screen:
        await palette(screen, "fib.c")
        assert screen.app.desk.active == "source"
        await screen.sees("Fibonacci numbers, recursively")
        source = screen.app.desk.pane("source")
        assert source is not None
        assert source.cursor == 0
        assert str(source.border_subtitle).endswith("fib.c:1")
        await screen.press("ctrl+p")
        await screen.type("crt1-command.c")
        await screen.press("enter")
        assert "was not found" in screen.text()
