"""What the user chooses of the screen itself: the palette, panes, layouts, themes and key sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from textual.screen import ModalScreen
from textual.theme import Theme

from debugger.symbols import Symbols
from ui.command_keep import write_file
from ui.commands import TABLE
from ui.render.export import exported
from ui.render.line import Role
from ui.tui.arrange import Place
from ui.tui.arrangement import arrangement_from
from ui.tui.entries import Entries, Entry
from ui.tui.finder import FinderScreen
from ui.tui.jump import JumpScreen
from ui.tui.key_sets import SETS, pane_bindings
from ui.tui.keys import shown_key
from ui.tui.messages import AtCode, Target
from ui.tui.pane_rows import rows_of
from ui.tui.preferences import Configuration, Kept
from ui.tui.registry import BY_ID, PANES, default_layout
from ui.tui.shell import Shell
from ui.tui.sides import Sides
from ui.tui.themes import DARK, SIXTEEN, THEMES
from vm.errors import UserError
from vm.instance import Instance
from vm.stop import Site
from vm.types import ExternKind

_USUAL = "usual"


class Application(Shell, Protocol):
    """The application, as far as this needs it."""

    theme: str
    console: Console
    sides: Sides

    @property
    def is_headless(self) -> bool: ...

    @property
    def available_themes(self) -> dict[str, Theme]: ...
    def register_theme(self, theme: Theme) -> None: ...
    def set_keymap(self, keymap: Mapping[str, str]) -> None: ...
    def popup(self, screen: ModalScreen[Any], chosen: Callable[[Any], None]) -> None: ...
    def simulate(self, action: str, everywhere: bool) -> None: ...
    def go(self, target: Target | None) -> None: ...
    def type_command(self, text: str) -> None: ...


class Choosing:
    """Opens the lists and does what was chosen from them."""

    def __init__(self, app: Application, configuration: Configuration, kept: Kept) -> None:
        self._app, self._configuration, self._kept = app, configuration, kept
        self.key_set = configuration.keys
        self._symbols: tuple[object, Entries] | None = None  # of a machine

    def begin(self) -> list[str]:
        """Theme, keys and layout as configured; answers what is wrong there, a line each."""
        problems = list(self._configuration.problems)
        for theme in THEMES:
            self._app.register_theme(theme)
        wanted = (
            (self.use_theme, self._configuration.theme or self._usual_theme()),
            (self.use_keys, self.key_set),
            (self.use_layout, self._configuration.layout or _USUAL),
        )
        for choose, name in wanted:
            try:
                choose(name)
            except UserError as error:
                problems.append(str(error))
        return problems

    def _usual_theme(self) -> str:
        few = not self._app.is_headless and self._app.console.color_system == "standard"
        return SIXTEEN if few else DARK

    # -- looks and keys --------------------------------------------------------------------------

    def use_theme(self, name: str) -> None:
        """Another look. Raises UserError for one that is not there."""
        if name not in self._app.available_themes:
            raise UserError(f"there is no theme {name!r}", f"known: {', '.join(sorted(self._app.available_themes))}")
        self._app.theme = name

    def use_keys(self, name: str) -> None:
        """Another key set; the user's own bindings go before it. Raises UserError for one that is not there."""
        if name not in SETS:
            raise UserError(f"there is no key set {name!r}", f"known: {', '.join(SETS)}")
        self.key_set = name
        self._app.set_keymap(self.keymap)

    @property
    def keymap(self) -> Mapping[str, str]:
        """Keys by binding id, where they are not the usual ones."""
        return {**SETS[self.key_set], **self._configuration.bind}

    # -- layouts ---------------------------------------------------------------------------------

    def layouts(self) -> dict[str, dict[str, object]]:
        """The saved ones by name."""
        found = self._kept.get("layouts")
        return {str(k): v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}

    def save_layout(self, name: str) -> None:
        """Keeps which panes are where, and their sizes. Raises UserError."""
        if name == _USUAL or not name.isprintable():
            raise UserError(f"{name!r} is no name for a layout")
        now = self._app.desk.arrangement.as_data()
        saved = {part: now[part] for part in ("panes", "shares")}
        self._kept.put("layouts", {**self.layouts(), name: saved})

    def delete_layout(self, name: str) -> None:
        """Forgets a layout. Raises UserError when there is none of that name."""
        known = self.layouts()
        if name not in known:
            raise UserError(f"there is no layout {name!r}", f"known: {', '.join((_USUAL, *known))}")
        del known[name]
        self._kept.put("layouts", known)

    def use_layout(self, name: str) -> None:
        """Puts panes where a layout has them. Raises UserError when there is none of that name."""
        if name == _USUAL:
            self._app.desk.use_layout(default_layout(), {})
            return
        known = self.layouts()
        if name not in known:
            raise UserError(f"there is no layout {name!r}", f"known: {', '.join((_USUAL, *known))}")
        found = arrangement_from(known[name])
        if found is None:
            raise UserError(f"the layout {name!r} holds no pane that there is")
        self._app.desk.use_layout(found.layout, found.shares)

    def for_session(self) -> dict[str, object]:
        """How the screen is, for a session file. From any thread."""
        return {**self._app.desk.arrangement.as_data(), "sides": self._app.sides.preference}

    def use_session(self, screen: Mapping[str, object]) -> str:
        """The panes as they were when a session was saved, if it says so; answers what is wrong there."""
        if not screen:
            return ""
        found = arrangement_from(screen)
        if found is None:
            return "the panes are not as in the session file: what it says of them is not understood"
        self._app.sides.prefer(screen.get("sides"))
        self._app.desk.use(found)
        return ""

    def move_pane(self, id_: str, where: str) -> None:
        """Puts a pane in another place; `hide` takes it off the desk. Raises UserError."""
        if id_ not in BY_ID:
            raise UserError(f"there is no pane {id_!r}", f"known: {', '.join(BY_ID)}")
        if where not in ("hide", *Place):
            raise UserError(f"there is no place {where!r}", f"known: hide, {', '.join(Place)}")
        self._app.desk.move_pane(id_, None if where == "hide" else Place(where))

    def export_pane(self, file: str, id_: str) -> None:
        """Writes a pane's rows to a file; "": of the one that had the keys before the console. Raises UserError."""
        desk = self._app.desk
        if id_ and id_ not in BY_ID:
            raise UserError(f"there is no pane {id_!r}", f"known: {', '.join(BY_ID)}")
        chosen = id_ or desk.latest([i for i in BY_ID if i != "console"])
        rows, path = rows_of(desk.widget(chosen)), Path(file).expanduser()
        text = exported(rows, f"{BY_ID[chosen].title}: {self._app.shared.session.path.name}", path.suffix)
        write_file(path, text.encode())
        self._app.say((f"{path}: {len(rows):,} rows", Role.OK))

    # -- the palette -----------------------------------------------------------------------------

    def open(self, kind: str = "") -> None:
        """The list of everything, or of one kind of thing; while the program runs, of the symbols known by then."""
        symbols = self._symbol_entries()
        entries = symbols if kind == "symbol" else Entries((*self._own(), *symbols.entries))
        title = "functions, globals, exports, source files" if kind else "everything: commands, keys, panes, symbols"
        self._app.popup(FinderScreen(entries, title), self._chosen)

    def _own(self) -> Iterator[Entry]:
        keys = self.keymap
        for pane, binding in pane_bindings():
            if binding.description and pane in ("", *BY_ID) and binding.action != "find":
                key = shown_key(keys.get(binding.id or "", binding.key))
                where = f"in {BY_ID[pane].title}" if pane else ""
                yield Entry("key", binding.description, where, key, f"press:{pane}:{binding.action}")
        for kind in PANES:
            yield Entry("pane", kind.title, "go there", kind.key, f"pane:{kind.id}")
        for command in TABLE.commands:
            yield Entry("command", command.name, command.help, command.key or "", f"command:{command.name}")
        for name in sorted(self._app.available_themes):
            yield Entry("theme", f"theme {name}", "", "", f"theme:{name}")
        for name in SETS:
            yield Entry("keys", f"keys {name}", "a set of keys", "", f"keys:{name}")
        for name in (_USUAL, *self.layouts()):
            yield Entry("layout", f"layout {name}", "panes and sizes", "", f"layout:{name}")
        yield Entry("layout", "save this layout", "under a name", "", "save-layout:")
        active = self._app.desk.active
        for place in ("hide", *Place):
            yield Entry("layout", f"{BY_ID[active].title}: {place}", "another place", "", f"move:{active}:{place}")

    def _symbol_entries(self) -> Entries:
        session = self._app.shared.session
        if self._app.bridge.busy:
            return self._symbols[1] if self._symbols is not None else Entries(())
        if self._symbols is None or self._symbols[0] is not session.machine:
            found = [e for i in session.machine.instances for e in self._symbols_of(i, session.inspect.symbols(i))]
            self._symbols = (session.machine, Entries(found))
        return self._symbols[1]

    def _symbols_of(self, instance: Instance, symbols: Symbols) -> Iterator[Entry]:
        module, number = instance.module, instance.number
        whose = instance.name if len(self._app.shared.session.machine.instances) > 1 else ""
        for func in range(module.num_imported_funcs, len(module.func_type_indexes)):
            yield Entry("function", symbols.func_text(func), whose, "", f"code:{number}:{func}")
        for name in symbols.by_global_name:
            yield Entry("global", f"${name}", whose, "", f"command:print ${name}")
        for export in module.exports:
            if export.kind is ExternKind.FUNC and export.index >= module.num_imported_funcs:
                yield Entry("export", export.name, whose, "", f"code:{number}:{export.index}")
        table = self._app.shared.session.lines_of(instance)
        for file in table.files() if table is not None else ():
            yield Entry("file", file, whose, "", f"file:{number}:{file}")

    def _chosen(self, entry: Entry | None) -> None:
        if entry is not None:
            self._app.attempt(lambda: self._do(entry.action))

    def _do(self, action: str) -> None:
        what, _, rest = action.partition(":")
        match what:
            case "press":
                pane, _, name = rest.partition(":")
                self._press(pane, name)
            case "pane":
                self._app.desk.go_to(rest)
            case "command":
                self._app.type_command(rest)
            case "theme":
                self.use_theme(rest)
            case "keys":
                self.use_keys(rest)
            case "layout":
                self.use_layout(rest)
            case "save-layout":
                self._app.ask("save the layout as", self.save_layout)
            case "move":
                self.move_pane(*rest.split(":"))
            case "code":
                number, func = map(int, rest.split(":"))
                self._app.go(AtCode(Site(self._app.shared.session.machine.instances[number].addr, func, 0)))
            case "file":
                number, _, file = rest.partition(":")
                self._app.trying(lambda: self._show_file(int(number), file))

    def _show_file(self, number: int, file: str) -> None:
        self._app.sides.show_file(self._app.shared.session.machine.instances[number], file)

    def _press(self, pane: str, action: str) -> None:
        if pane:
            self._app.desk.go_to(pane)
        self._app.simulate(action, not pane)

    def jump(self) -> None:
        """A letter on each tab."""
        tabs = list(self._app.desk.tab_places())
        self._app.popup(JumpScreen(tabs), lambda id_: self._app.desk.go_to(id_) if id_ else None)
