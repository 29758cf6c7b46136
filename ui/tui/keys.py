"""The keys that work everywhere. Letters come first, function keys are aliases; shifted letters go back."""

from __future__ import annotations

from textual.binding import Binding

from ui.tui.registry import PANES

EVERYWHERE: tuple[Binding, ...] = (
    Binding("n,f10", "run('over')", "step over: a source line, or an instruction", id="run.over"),
    Binding("s,f11", "run('into')", "step into: a source line, or an instruction", id="run.into"),
    Binding("i", "run('instruction')", "one instruction", id="run.instruction"),
    Binding("f,shift+f11", "run('out')", "until the selected frame returns", id="run.out"),
    Binding("c,f5", "run('continue')", "continue", id="run.continue"),
    Binding("N,shift+f10", "run('back_over')", "back over: a source line, or an instruction", id="back.over"),
    Binding("S", "run('back_into')", "back into: a source line, or an instruction", id="back.into"),
    Binding("I,f3", "run('back_instruction')", "back one instruction", id="back.instruction"),
    Binding("F", "run('back_out')", "back to the call of the innermost frame", id="back.out"),
    Binding("C,shift+f3", "run('back_continue')", "back to the last breakpoint", id="back.continue"),
    Binding("B", "run('back_cause')", "at a trap: back to its cause", id="back.cause"),
    Binding("ctrl+n", "run('over_instruction')", "one instruction, over calls", id="run.over_instruction"),
    Binding("f4", "to_cursor", "run to the cursor of the code pane", id="run.to_cursor"),
    Binding("r", "run('restart')", "restart", id="run.restart"),
    Binding("f6,ctrl+c", "pause", "pause", id="run.pause", priority=True),
    Binding("f9", "break_here", "breakpoint at the cursor of the code pane", id="break.here"),
    Binding("u", "frame(1)", "the frame outside", id="frame.up"),
    Binding("d", "frame(-1)", "the frame inside", id="frame.down"),
    Binding("v", "switch", "source or disassembly", id="code.switch"),
    Binding("f8", "toggle('micro')", "micro-steps: what compiled code does here", id="view.micro"),
    Binding("a,f2", "heat", "heat: counts beside code and bytes", id="view.heat"),
    Binding("w,f7", "add_watch", "add a watch expression", id="watch.add"),
    Binding("g", "goto", "show a location", id="go.to"),
    Binding("colon", "go_to('console')", "console", id="go.console"),
    Binding("ctrl+p", "find", "find any command, pane or symbol", id="view.find", priority=True),
    Binding("ctrl+t", "find('symbol')", "find a function, global, export or source file", id="view.symbols"),
    Binding("ctrl+o", "jump", "jump: a letter for each pane", id="go.jump", priority=True),
    Binding("ctrl+l", "go_to('frame')", "the frame pane", id="go.locals", show=False),
    Binding("ctrl+k", "go_to('stack')", "the call stack", id="go.frames", show=False),
    Binding("plus,equals_sign", "resize(1)", "the pane larger", id="view.larger"),
    Binding("minus", "resize(-1)", "the pane smaller", id="view.smaller"),
    Binding("tab", "next_pane(1)", "next pane", id="go.next"),
    Binding("shift+tab", "next_pane(-1)", "pane before", id="go.previous"),
    Binding("z,f12", "zoom", "one pane alone, or all", id="view.zoom"),
    Binding("question_mark,f1", "help", "help", id="view.help"),
    Binding("q", "quit", "quit", id="app.quit"),
    *(Binding(p.key, f"go_to('{p.id}')", p.title, show=False, id=f"pane.{p.id}") for p in PANES if p.key),
)

_SIGNS = {
    "question_mark": "?", "colon": ":", "slash": "/", "backslash": "\\", "full_stop": ".", "comma": ",",
    "plus": "+", "minus": "-", "equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]",
    "left_curly_bracket": "{", "right_curly_bracket": "}", "dollar_sign": "$", "backspace": "⌫", "enter": "Enter",
    "escape": "Esc", "space": "Space", "tab": "Tab", "delete": "Del", "up": "↑", "down": "↓", "left": "←",
    "right": "→", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End",
}  # fmt: skip


def shown_key(keys: str) -> str:
    """Keys as a person writes them: `n F10`, `^P`."""
    return " ".join(_shown(key.strip()) for key in keys.split(","))


def _shown(key: str) -> str:
    *held, last = key.split("+") if key != "plus" else ["plus"]
    sign = _SIGNS.get(last, last.upper() if last[:1] == "f" and last[1:].isdigit() else last)
    marks = {"ctrl": "^", "shift": "⇧", "alt": "Alt-"}
    text = "".join(marks.get(part, part + "+") for part in held)
    return text + (sign.upper() if text == "^" and len(sign) == 1 else sign)
