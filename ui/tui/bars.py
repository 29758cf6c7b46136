"""The title above the panes and the line below them."""

from __future__ import annotations

from debugger.events import Reason, Stopped
from ui.render.line import Line, Role, line
from ui.tui.context import Screen
from vm.machine import ThreadState

_STATE: dict[Reason, tuple[str, Role]] = {
    Reason.TRAP: ("✖ trapped", Role.ERROR),
    Reason.FINISHED: ("■ finished", Role.OK),
    Reason.EXITED: ("■ exited", Role.OK),
}


def title(shared: Screen, stopped: Stopped | None, width: int) -> Line:
    """State, reason, place, tick, memory: the less important ones go first when there is no room."""
    session = shared.session
    parts: list[tuple[str, Role]] = [(" wasmscope ", Role.HEADING), (session.path.name, Role.PLAIN)]
    if shared.running:
        waiting = session.machine.thread_state is ThreadState.BLOCKED and session.machine.thread.get("blocked")
        parts.append(("▶ waiting for input (o)" if waiting else "▶ running (F6 pauses)", Role.WARNING))
        return _joined(parts, width)
    parts.append(_state(stopped))
    parts.append((f"tick {session.tick:,}", Role.PLAIN))
    if stopped is not None and stopped.at is not None:
        parts.append((shared.views.where(stopped.at), Role.NAME))
    memory = sum(m.size_bytes for m in session.machine.memories.values())
    if memory:
        parts.append((f"mem {memory / (1 << 20):.1f} MiB", Role.DIM))
    parts.append((session.machine.layouts.era.id, Role.DIM))
    return _joined(parts, width)


def _state(stopped: Stopped | None) -> tuple[str, Role]:
    if stopped is None:
        return "nothing is being run", Role.DIM
    if stopped.reason in _STATE:
        text, role = _STATE[stopped.reason]
        if stopped.detail.exit_code is not None:
            text += f" with code {stopped.detail.exit_code}"
        if stopped.detail.trap is not None:
            text += f": {stopped.detail.trap.kind.value}"
        if stopped.detail.results:
            text += f": {', '.join(stopped.detail.results)}"
        return text, role
    numbers = " ".join(f"#{n}" for n in stopped.detail.breakpoints)
    return f"❚❚ {stopped.reason.value} {numbers}".rstrip(), Role.WARNING


def _joined(parts: list[tuple[str, Role]], width: int) -> Line:
    shown: list[tuple[str, Role]] = []
    used = 0
    for text, role in parts:
        if shown and used + len(text) + 3 > width:
            break
        if shown:
            shown.append((" │ ", Role.RAIL))
        shown.append((text, role))
        used += len(text) + 3
    return line(*shown)


_KEYS_PAUSED = (
    ("n", "over"), ("s", "into"), ("f", "out"), ("c", "continue"), ("b", "break"), ("t", "to cursor"),
    ("v", "source/code"), ("w", "watch"), ("u/d", "frame"), (":", "console"), ("g", "go to"), ("z", "zoom"),
    ("?", "help"), ("q", "quit"),
)  # fmt: skip
_KEYS_RUNNING = (("F6", "pause"), ("o", "output and input"), (":", "console"), ("q", "quit"))


def hints(running: bool, over: bool, width: int) -> Line:
    """The keys that make sense now, as many as there is room for."""
    keys = _KEYS_RUNNING if running else (("r", "restart"), *_KEYS_PAUSED[4:]) if over else _KEYS_PAUSED
    parts: list[tuple[str, Role]] = []
    used = 1
    for key, meaning in keys:
        used += len(key) + len(meaning) + 3
        if used > width:
            break
        parts += [(" " + key, Role.HEADING), (" " + meaning + " ", Role.DIM)]
    return line(*parts)
