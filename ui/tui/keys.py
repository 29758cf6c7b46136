"""The keys that work everywhere. Letters come first, function keys are aliases; shifted letters stay free."""

from __future__ import annotations

from textual.binding import Binding

from ui.tui.registry import PANES

EVERYWHERE: tuple[Binding, ...] = (
    Binding("n,f10", "run('over')", "step over: a source line, or an instruction", id="run.over"),
    Binding("s,f11", "run('into')", "step into: a source line, or an instruction", id="run.into"),
    Binding("i", "run('instruction')", "one instruction", id="run.instruction"),
    Binding("f,shift+f11", "run('out')", "until the selected frame returns", id="run.out"),
    Binding("c,f5", "run('continue')", "continue", id="run.continue"),
    Binding("f4", "to_cursor", "run to the cursor of the code pane", id="run.to_cursor"),
    Binding("r", "run('restart')", "restart", id="run.restart"),
    Binding("f6,ctrl+c", "pause", "pause", id="run.pause", priority=True),
    Binding("f9", "break_here", "breakpoint at the cursor of the code pane", id="break.here"),
    Binding("u", "frame(1)", "the frame outside", id="frame.up"),
    Binding("d", "frame(-1)", "the frame inside", id="frame.down"),
    Binding("v", "switch", "source or disassembly", id="code.switch"),
    Binding("w,f7", "add_watch", "add a watch expression", id="watch.add"),
    Binding("g", "goto", "show a location", id="go.to"),
    Binding("colon", "go_to('console')", "console", id="go.console"),
    Binding("tab", "next_pane(1)", "next pane", id="go.next"),
    Binding("shift+tab", "next_pane(-1)", "pane before", id="go.previous"),
    Binding("z,f12", "zoom", "one pane alone, or all", id="view.zoom"),
    Binding("question_mark,f1", "help", "help", id="view.help"),
    Binding("q", "quit", "quit", id="app.quit"),
    *(Binding(p.key, f"go_to('{p.id}')", p.title, show=False, id=f"pane.{p.id}") for p in PANES if p.key),
)
