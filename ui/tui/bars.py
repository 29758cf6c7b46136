"""The title above the panes and the line below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from rich.text import Text
from textual.widgets import Static

from debugger.events import Reason, Stopped
from ui.render.line import Line, Role, line
from ui.tui.context import Screen
from ui.tui.key_sets import pane_bindings
from ui.tui.keys import shown_key
from ui.tui.palette import styles_of
from ui.tui.pane import Hints
from vm.machine import ThreadState

_NAME_COLUMNS = 60  # below, the title begins with the state


class Bar(Static):
    """One row of rendered text."""

    DEFAULT_CSS = "Bar { height: 1; width: 100%; background: $panel; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._shown: tuple[Line, int, str] | None = None

    def put(self, rendered: Line) -> None:
        """Shows a line; what does not fit ends in dots."""
        shown = (rendered, self.app.size.width, self.app.theme)
        if shown == self._shown:
            return
        self._shown = shown
        styles = styles_of(self.app.theme_variables)
        text = Text.assemble(*((text, styles[role]) for text, role in rendered), no_wrap=True, end="")
        text.truncate(max(1, self.app.size.width), overflow="ellipsis")
        self.update(text, layout=False)


def title(shared: Screen, width: int) -> Line:
    """State, reason, place, tick, memory: the less important ones go first when there is no room."""
    session = shared.session
    name: list[tuple[str, Role]] = [("wasmscope", Role.HEADING), (session.path.name, Role.PLAIN)]
    state = list(_running(shared) if shared.running else _paused(shared))
    if shared.validating is not None:
        state.insert(1, (f"validating… {shared.validating}%", Role.WARNING))
    parts = [*name, *state] if width >= _NAME_COLUMNS else [state[0], name[1], *state[1:]]
    return _joined(parts, width)


def _running(shared: Screen) -> Iterator[tuple[str, Role]]:
    tick, state = shared.session.progress()
    if state is ThreadState.BLOCKED:
        yield "▶ waiting for input (o)", Role.WARNING
    else:
        shared.speed.saw(tick)
        yield f"▶ running {shared.speed.spinner} (F6 pauses)", Role.WARNING
    yield shared.speed.text, Role.PLAIN
    yield f"tick {tick:,}", Role.PLAIN


def _paused(shared: Screen) -> list[tuple[str, Role]]:
    session, last = shared.session, shared.session.last
    parts = [_state(last)]
    if last is not None and last.at is not None:
        parts.append((shared.views.where(session.place()), Role.NAME))
    parts.append((f"tick {session.tick:,}", Role.PLAIN))
    if session.history.present is not None:
        parts.append((f"◀ past, left at {session.history.present.checkpoint.tick:,}", Role.WARNING))
    memory = sum(m.size_bytes for m in session.machine.memories.values())
    if memory:
        parts.append((f"mem {memory / (1 << 20):.1f} MiB", Role.DIM))
    return [*parts, (session.machine.layouts.era.id, Role.DIM)]


def _state(stopped: Stopped | None) -> tuple[str, Role]:
    if stopped is None:
        return "nothing is being run", Role.DIM
    detail = stopped.detail
    match stopped.reason:
        case Reason.TRAP:
            return "✖ trapped" + (f": {detail.trap.kind.value}" if detail.trap else ""), Role.ERROR
        case Reason.FINISHED:
            return "■ finished" + (f": {', '.join(detail.results)}" if detail.results else ""), Role.OK
        case Reason.EXITED:
            return f"■ exited with code {detail.exit_code}", Role.ERROR if detail.exit_code else Role.OK
        case _:
            numbers = " ".join(f"#{n}" for n in (*(t.id for t in detail.touched), *detail.breakpoints))
            return f"❚❚ {stopped.reason.value} {numbers}".rstrip(), Role.WARNING


def _joined(parts: list[tuple[str, Role]], width: int) -> Line:
    shown: list[tuple[str, Role]] = [(" ", Role.PLAIN), parts[0]]
    used = 1 + len(parts[0][0])
    for text, role in parts[1:]:
        used += len(text) + 3
        if used > width:
            break
        shown += [(" │ ", Role.RAIL), (text, role)]
    return line(*shown)


_KEYS_PAUSED = (
    ("run.over", "over"), ("run.into", "into"), ("run.out", "out"), ("run.continue", "continue"),
    ("code.break", "break"), ("code.run_to", "to cursor"), ("code.switch", "source/code"), ("watch.add", "watch"),
    ("frame.up/frame.down", "frame"), ("go.console", "console"), ("go.to", "go to"), ("view.find", "find"),
    ("view.zoom", "zoom"), ("view.help", "help"), ("app.quit", "quit"),
)  # fmt: skip
_KEYS_OVER = (
    ("run.restart", "restart"), ("code.break", "break"), ("code.switch", "source/code"), ("watch.add", "watch"),
    ("go.console", "console"), ("go.to", "go to"), ("view.find", "find"), ("view.zoom", "zoom"),
    ("view.help", "help"), ("app.quit", "quit"),
)  # fmt: skip
_KEYS_TRAPPED = (("frame.up/frame.down", "frame"), *_KEYS_OVER)
_KEYS_RUNNING = (
    ("run.pause", "pause"), ("pane.output", "output and input"), ("view.help", "help"), ("app.quit", "quit"),
)  # fmt: skip


def hints(shared: Screen, own: Hints, typed: bool, width: int, keymap: Mapping[str, str]) -> Line:
    """The keys that make sense now, as many as there is room for: the pane's own first. `typed`: letters are text.

    `keymap` has the keys that are not the usual ones.
    """
    last = shared.session.last
    if shared.running:
        keys: Hints = _KEYS_RUNNING
    elif last is None or last.reason in (Reason.FINISHED, Reason.EXITED):
        keys = _KEYS_OVER
    else:
        keys = _KEYS_TRAPPED if last.reason is Reason.TRAP else _KEYS_PAUSED
    keys = own if typed else (*own, *(k for k in keys if k[0] not in [o[0] for o in own]))
    parts: list[tuple[str, Role]] = []
    used = 0
    for id_, meaning in keys:
        key = _key(id_, keymap)
        used += len(key) + len(meaning) + 3
        if used > width:
            break
        parts += [(" " + key, Role.HEADING), (" " + meaning + " ", Role.DIM)]
    return line(*parts)


@cache
def _usual() -> Mapping[str, str]:
    return {binding.id: binding.key for _, binding in pane_bindings() if binding.id}


def _key(hint: str, keymap: Mapping[str, str]) -> str:
    """The first key of a binding by its id, of two with a slash between; other hints name the key itself."""
    usual = _usual()
    ids = hint.split("/") if hint != "/" else [hint]
    if not all(id_ in usual for id_ in ids):
        return hint
    return "/".join(shown_key(keymap.get(id_, usual[id_])).split()[0] for id_ in ids)
