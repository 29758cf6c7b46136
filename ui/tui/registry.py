"""Every pane, a line each: its order here is the order of tabs, and of who is asked first to show something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from textual.widget import Widget

from ui.tui.arrange import Layout, Place
from ui.tui.context import Screen
from ui.tui.panes.blocks import BlocksPane
from ui.tui.panes.breakpoints import BreakpointsPane
from ui.tui.panes.catalog import files_pane, module_pane, tables_pane
from ui.tui.panes.code import CodePane
from ui.tui.panes.console import ConsolePane, OutputPane
from ui.tui.panes.exceptions import ExceptionsPane
from ui.tui.panes.frame import FramePane
from ui.tui.panes.heap import HeapPane
from ui.tui.panes.instances import InstancesPane
from ui.tui.panes.lab import LabPane
from ui.tui.panes.lists import MapPane
from ui.tui.panes.memory import MemoryPane
from ui.tui.panes.microsteps import MicrostepsPane
from ui.tui.panes.source import SourcePane
from ui.tui.panes.stack import StackPane
from ui.tui.panes.threads import ThreadsPane
from ui.tui.panes.time import TimePane
from ui.tui.panes.trace import TracePane
from ui.tui.panes.vmctx import VmctxPane
from ui.tui.panes.watches import WatchesPane


@dataclass(frozen=True, slots=True)
class PaneKind:
    """A pane: its id, what its tab says, the same for little room, the key that goes to it, and where it stands."""

    id: str
    title: str
    short: str
    key: str  # empty: by the palette, the jump letters and its tab alone
    place: Place
    make: Callable[[Screen], Widget]  # gives the widget `id`


PANES: tuple[PaneKind, ...] = (
    PaneKind("code", "Code", "Code", "1", Place.CODE, CodePane),
    PaneKind("source", "Source", "Src", "", Place.SOURCE, SourcePane),
    PaneKind("frame", "Frame", "Frame", "2", Place.FRAME, FramePane),
    PaneKind("stack", "Call stack", "Stack", "3", Place.STACK, StackPane),
    PaneKind("threads", "Threads", "Thr", "", Place.STACK, ThreadsPane),
    PaneKind("exceptions", "Exceptions", "Exc", "", Place.STACK, ExceptionsPane),
    PaneKind("instances", "Instances", "Inst", "", Place.STACK, InstancesPane),
    PaneKind("vmctx", "vmctx", "vmctx", "4", Place.FIELDS, VmctxPane),
    PaneKind("memory", "Memory", "Mem", "5", Place.BYTES, MemoryPane),
    PaneKind("tables", "Tables", "Tabl", "6", Place.FIELDS, tables_pane),
    PaneKind("heap", "GC heap", "Heap", "", Place.FIELDS, HeapPane),
    PaneKind("map", "Map", "Map", "7", Place.FIELDS, MapPane),
    PaneKind("module", "Module", "Mod", "", Place.FIELDS, module_pane),
    PaneKind("files", "Files", "Files", "", Place.FIELDS, files_pane),
    PaneKind("micro", "Micro-steps", "Micro", "", Place.FIELDS, MicrostepsPane),
    PaneKind("lab", "Layouts", "Lay", "", Place.FIELDS, LabPane),
    PaneKind("trace", "Trace", "Trc", "", Place.FIELDS, TracePane),
    PaneKind("blocks", "Blocks", "Blk", "", Place.FIELDS, BlocksPane),
    PaneKind("console", "Console", "Cons", "8", Place.TALK, ConsolePane),
    PaneKind("breakpoints", "Breakpoints", "Brk", "9", Place.TALK, BreakpointsPane),
    PaneKind("time", "Time", "Time", "T", Place.TALK, TimePane),
    PaneKind("watches", "Watches", "Wat", "0", Place.SIDE, WatchesPane),
    PaneKind("output", "Output", "Out", "o", Place.TALK, OutputPane),
)
BY_ID: Mapping[str, PaneKind] = {p.id: p for p in PANES}


def default_layout() -> Layout:
    """Each pane in the place its line names."""
    return tuple((p.id, p.place) for p in PANES)
