"""Commands that only this front end has: they choose what the screen looks like."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from ui.command import Command, Context, Parser, many, one
from ui.render.line import Line, note
from ui.tui.choosing import Choosing
from ui.tui.key_sets import SETS
from vm.errors import UserError

_FAMILY = "screen"
Run = Callable[[Callable[[], None]], None]  # does something on the screen's thread


def screen_commands(choosing: Choosing, run: Run) -> tuple[Command, ...]:
    """The rows. They are run on the session's thread and so hand on what they do."""

    def later(work: Callable[[Namespace], None]) -> Callable[[Context, Namespace], list[Line]]:
        def handler(context: Context, args: Namespace) -> list[Line]:
            run(lambda: work(args))
            return []

        return handler

    def layout(context: Context, args: Namespace) -> list[Line]:
        match args.words:
            case []:
                return [note("usual"), *(note(name) for name in choosing.layouts())]
            case ["save", name]:
                run(lambda: choosing.save_layout(name))
            case ["delete", name]:
                run(lambda: choosing.delete_layout(name))
            case [name]:
                run(lambda: choosing.use_layout(name))
            case _:
                raise UserError("layout takes a name", "layout mine, layout save mine, layout delete mine")
        return []

    return (
        Command("keys", _FAMILY, "a set of keys: " + ", ".join(SETS), later(lambda a: choosing.use_keys(a.name)), (),
                one("NAME", "name")),
        Command("theme", _FAMILY, "another look", later(lambda a: choosing.use_theme(a.name)), (),
                one("NAME", "name")),
        Command("layout", _FAMILY, "panes and their sizes: layout [save | delete] NAME", layout, (),
                many("WORD", "words")),
        Command("export-pane", _FAMILY, "a pane to a file (.txt, .svg, .html): the one in front, or by its name",
                later(lambda a: choosing.export_pane(a.file, a.pane)), (), _export_parser),
        Command("pane", _FAMILY, "put a pane elsewhere: pane NAME PLACE, or hide",
                later(lambda a: choosing.move_pane(a.pane, a.place)), (), _pane_parser),
    )  # fmt: skip


def _export_parser() -> Parser:
    parser = Parser()
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("pane", metavar="NAME", nargs="?", default="")
    return parser


def _pane_parser() -> Parser:
    parser = Parser()
    parser.add_argument("pane", metavar="NAME")
    parser.add_argument("place", metavar="PLACE")
    return parser
