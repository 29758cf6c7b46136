"""The session: the only door of front ends.

    paused ──resume, steps──▶ running ──stop──▶ paused        ended: `restart` leads back to paused

All methods are called by one thread; only `request_pause` and the world's input may come from another. A run ends with
exactly one `Stopped`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from debugger.backwards import Backwards
from debugger.bookmarks import Bookmarks
from debugger.breakpoints import Breakpoint, Breakpoints
from debugger.catching import Catching
from debugger.catchpoints import Catchpoint
from debugger.causes import Cause
from debugger.dwarf.info import DebugInfo
from debugger.dwarf.lines import Line, LineTable
from debugger.events import Detail, Event, Message, Place, Reason, Running, Stopped
from debugger.executors import REFERENCE, MakeExecutor
from debugger.expression.evaluate import Evaluator
from debugger.guards import Guards
from debugger.history import BrokenOff, History
from debugger.inspect import Frame, Inspector
from debugger.kept import Kept, Note, apply
from debugger.launch import Launched, Loaded, Options, Phase, Program, Restore, invocation, under_way
from debugger.launch import program as program_of
from debugger.locations import Resolver
from debugger.mocks import Mocking, Mocks
from debugger.over_time import OverTime
from debugger.playing import play
from debugger.printed import Printed, PrintedLog, RecordedOutput
from debugger.recording import Recording
from debugger.remembering import Remembering
from debugger.replay import set_pc
from debugger.running import Ended, Run, begin, why_not
from debugger.scratch import ScratchCall
from debugger.source.modules import ModuleSources
from debugger.source.nearby import Lying, nearest
from debugger.source.variables import SourceFrame
from debugger.stepping import Stepping
from debugger.stopping import Stopping
from debugger.threads import Scheduler
from debugger.traces.expand import Counts
from debugger.traces.heat import MemoryHeat
from debugger.traces.listings import Listings
from debugger.watches import Watches
from debugger.watchpoints import WatchKind
from debugger.world import RealWorld
from vm.errors import StaleHandle, Trap, UserError
from vm.gc_collect import Collected, collect
from vm.instance import Instance
from vm.journal import Collect, Jump
from vm.machine import ThreadState
from vm.memories import LinearMemory
from vm.poke import poke
from vm.types import Addr, Tick, ValType, grouped
from vm.validate import validate_bodies

Listener = Callable[[Event], None]


_RUNNING = Running()
_NO_STOPS = (Reason.STEP, Reason.TICK)  # of no interest later
_MOST_STOPS = 1000
_ALIVE = (ThreadState.READY, ThreadState.BLOCKED, ThreadState.WAITING)


class Session(Stepping, Stopping, Remembering, Mocking):
    """A program under the debugger."""

    def __init__(
        self,
        options: Options,
        world: RealWorld,
        *,
        make_executor: MakeExecutor = REFERENCE,
        wait_for_input: bool = False,
        validate_later: bool = False,
        program: Program | None = None,
        recording: Recording | None = None,
    ) -> None:
        """`recording`: a run to be repeated, instead of one that begins."""
        self._recording = recording
        self.options, self.world, self.wait_for_input = options, world, wait_for_input
        self.validated = not validate_later  # else `validate` comes before anything runs
        self._program = program_of(options, bodies_later=validate_later) if program is None else program
        self.loaded: Loaded = self._program.loaded
        self.breakpoints = Breakpoints()
        self.watches = Watches()
        self.bookmarks = Bookmarks()
        self.mocks = Mocks()
        self.moments: dict[str, Tick] = {}  # bookmarks in time
        self.causes: list[Cause] = []  # of the trap that the program stands at, the last first
        self.stops: list[tuple[Tick, str]] = []  # but for steps
        self.selected = 0  # frame number
        self.notes: list[Note] = []
        self.kept: Kept | None = None  # to be put back once a recording was repeated
        # how the screen is, as its front end understands it; for session files
        self.screen: Callable[[], Mapping[str, object]] = lambda: self.kept.screen if self.kept is not None else {}
        self.last: Stopped | None = None
        self._make_executor = make_executor
        self._listeners: list[Listener] = []
        self._pause = threading.Event()
        self._validating = threading.Lock()
        self._stop_id = 0
        self._sources = ModuleSources(self.loaded, options.cache, lambda text: self.emit(Message(text)))
        self._build()

    # -- lifecycle -------------------------------------------------------------------------------

    def _build(self) -> None:
        self.listings = Listings()  # of what has run
        self.heat: Counts | None = None  # how often instructions ran, once that was asked for
        self.memory_heat: MemoryHeat | None = None  # and where a memory was touched
        self._phases: list[Phase] = []
        self._begun: list[tuple[Tick, Phase]] = []  # calls, the last one is under way or was the last
        launched: Launched = self._program.launch(self.world)
        self.machine, self.main, self.descriptors = launched.machine, launched.main, launched.descriptors
        self.machine.pause_requested = self._pause.is_set
        self.scheduler = Scheduler(self.machine, self._make_executor(self.machine))
        self.executor = self.history = History(self.machine, self.scheduler, self.options.history_bytes)
        self.history.branching = self._branching
        self.machine.mocked = lambda number: (
            self.mocks.answering(self.machine.hosts[number]) if self.mocks.all else None
        )
        self.stops.clear()
        self.inspect = Inspector(self.machine)
        self.catching = Catching(self.machine, self.inspect, self.descriptors)
        self._guards = Guards(self.machine, self.inspect)
        self._recorded_output = RecordedOutput(self.machine, self.descriptors)
        self.printed = PrintedLog()
        self.world.noted = lambda stream, data: self.printed.add(Printed(Tick(self.machine.host_tick), stream, data))
        self._phases = list(launched.phases)
        self._run = self._runner()
        self._resolved_instances = 0
        self._said_files = False
        self._refresh()

    def validate(self, goes_on: Callable[[int, int], bool] = lambda done, of: True) -> None:
        """Checks the function bodies when that was left for later; from any thread. Raises ValidationError."""
        with self._validating:
            if not self.validated:
                self.validated = validate_bodies(self.loaded.valid, goes_on)

    def _refresh(self) -> None:
        """Breakpoints find their places, also in the instances that threads have brought since last time."""
        if self._resolved_instances != len(self.machine.instances):
            self._resolved_instances = len(self.machine.instances)
            self.resolver = Resolver(self.machine, self.inspect, self._lines_by_number())
            self.breakpoints.resolve(self.resolver)

    def check_recordable(self) -> None:
        """Raises UserError when inputs alone do not make the run again."""
        if self._program.restore is not None:
            raise UserError("this run began in the middle, with a core dump: its inputs alone do not make it again",
                            "coredump FILE keeps how it stands")  # fmt: skip

    @property
    def can_start(self) -> bool:
        """Whether there is something to start: `_start`, `_initialize`, a start function or what was chosen to run."""
        return bool(self._phases) or self._program.restore is not None

    @property
    def first_function(self) -> tuple[Instance, int] | None:
        """What `start` will call, before it has."""
        return (self._phases[0].instance, self._phases[0].func) if self._phases else None

    def start(self) -> Stopped:
        """Runs what comes before the entry and stops at the entry's first instruction."""
        if self._recording is not None and not self._begun:
            return self._play(self._recording)
        if self._program.restore is not None and not self._begun:
            return self._restored(self._program.restore)
        if not self._phases:
            raise UserError(
                f"{self.loaded.path.name} has no _start and nothing was chosen to run",
                "use --invoke NAME ARGS, or invoke NAME ARGS at the prompt",
            )
        self.history.keep()
        first = self._next_phase()
        assert first is not None
        begin(self.machine, first)
        if not first.is_entry:
            return self._perform(Run.resume)
        if self._program.stop_tick:
            return self._perform(self._to_start)
        return self._stopped(Ended(Reason.ENTRY))

    def _play(self, recording: Recording) -> Stopped:
        """Repeats a recording and goes to its beginning. Raises UserError, ReplayMismatch."""
        self.validate()
        self._begun = play(self.machine, self.history, recording, self._recorded_output)
        self._phases.clear()
        self.stops.append((self.tick, "end of the recording"))
        if self.kept is not None:
            return self._reopened(self.kept)
        self.reverse(lambda back: back.to(self.history.first_tick))
        return self._stopped(Ended(Reason.ENTRY, Detail(notes=(f"a recording of {recording.ticks:,} instructions",))))

    def _reopened(self, kept: Kept) -> Stopped:
        """Goes to where a session was left, and puts back what was found in it."""
        tick = Tick(max(self.history.first_tick, min(kept.tick, self.tick)))
        stopped = self.reverse(lambda back: back.to(tick))
        for text in apply(self, kept):
            self.emit(Message(text))
        return stopped

    def _restored(self, restore: Restore) -> Stopped:
        """Puts a state into the machine. Raises UserError."""
        self.validate()
        done = restore(self.machine, self.main)
        self._phases.clear()
        self._begun = [(self.tick, phase) for phase in under_way(self.machine)]
        if done.resumes:
            self.history.keep()
        for text in done.notes:
            self.emit(Message(text))
        return self._stopped(Ended(Reason.PAUSE))

    def _to_start(self, run: Run) -> Ended:
        return run.until_tick(Tick(self._program.stop_tick)) if self._program.stop_tick > 0 else run.resume()

    def restart(self) -> Stopped:
        """Builds the store anew; breakpoints and watches stay."""
        self.world.restored()
        self._build()
        for breakpoint_ in self.breakpoints:
            breakpoint_.hits = 0
            if isinstance(breakpoint_, Catchpoint):
                breakpoint_.machine = self.machine
        self._retarget()
        return self.start()

    def invoke(self, name: str, args: tuple[str, ...]) -> Stopped:
        """Calls another export once the last call is over; stops at its first instruction."""
        if self.machine.thread_state not in (ThreadState.IDLE, ThreadState.FINISHED):
            raise UserError("a call is under way", "let it finish, or restart")
        phase = invocation(self.main, name, args)
        self._phases.append(phase)
        return self.start()

    def close(self) -> None:
        """Lets go of files; the session is of no use afterwards. The run is written where that was asked for."""
        if self.options.record is not None and self.last is not None:
            try:
                if self.history.present is not None:
                    self.history.back_to(self.history.present.checkpoint.tick)
                self.record(self.options.record)
            except UserError as error:
                self.emit(Message(str(error)))
        self.world.close()

    # -- events ----------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Calls `listener` with every event, on the session's thread."""
        self._listeners.append(listener)

    def emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    # -- running ---------------------------------------------------------------------------------

    def to_write(self, expression: str) -> Stopped:
        """Until something is written. Raises UserError."""
        made = self.add_watchpoint(expression, WatchKind.WRITE)
        try:
            return self.resume()
        finally:
            if made in self.breakpoints:
                self.breakpoints.delete(made.id)

    def until_tick(self, tick: int) -> Stopped:
        """To the moment at which that many instructions have retired, ahead or back; breakpoints count where nothing
        has run yet."""
        present = self.history.present
        if tick <= self.machine.tick or (present is not None and tick <= present.checkpoint.tick):
            return self.reverse(lambda back: back.to(Tick(tick)))
        return self._perform(lambda run: run.until_tick(Tick(tick)))

    def reverse(self, plan: Callable[[Backwards], Ended]) -> Stopped:
        """Goes back. Raises UserError when there is no way back."""
        self._pause.clear()
        self.emit(Running())
        back = Backwards(
            self.machine, self.history, self.breakpoints, self._guards, self._holds, self.lines_at,
            OverTime(self.machine, self.inspect, self.history), self.catching,
        )  # fmt: skip
        self._say_files()
        try:
            ended = plan(back)
        except BrokenOff:
            ended = Ended(Reason.PAUSE)
        finally:
            self._pause.clear()
        return self._stopped(ended)

    def _holds(self, breakpoint_: Breakpoint) -> bool:
        try:
            return self.evaluator(0).truth(breakpoint_.condition)
        except UserError:
            return True

    def _branching(self, branch: int) -> Callable[[], None]:
        """The past is being changed; how the session gets back to the branch that is left."""
        self.listings = Listings()
        begun, phases, stops = list(self._begun), list(self._phases), list(self.stops)

        def back() -> None:
            self._begun, self._phases, self.stops = begun, phases, stops
            self.world.restored()

        later = [phase for tick, phase in begun if tick > self.machine.tick]
        self._begun, self._phases = begun[: len(begun) - len(later)], later + phases
        self.stops = [stop for stop in stops if stop[0] <= self.machine.tick]
        self.printed.forget_from(self.machine.tick)
        self.world.restored()
        if self.history.in_past:
            self.emit(Message(f"the past was changed: a new branch; `branch {branch}` goes back to what came after"))
        return back

    @property
    def pause_wanted(self) -> bool:
        """Whether a pause was asked for and nothing has stopped for it yet."""
        return self._pause.is_set()

    def request_pause(self) -> None:
        """Stops the run under way, soon. May be called from any thread."""
        self._pause.set()
        self.world.wake()

    def _step(self, plan: Callable[[Run], Ended]) -> Stopped:
        """A plan about the current thread."""
        self.scheduler.held = self.machine.current.number
        try:
            return self._perform(plan)
        finally:
            self.scheduler.held = None

    def select_thread(self, number: int) -> None:
        """Makes a thread the one that views and steps are about. Raises UserError."""
        self.scheduler.select(number)
        self.selected = 0

    def progress(self) -> tuple[Tick, ThreadState]:
        """How far the run under way has come, some thousand instructions late. May be called from any thread."""
        machine = self.machine
        return machine.tick, machine.thread_state

    def _perform(self, plan: Callable[[Run], Ended]) -> Stopped:
        if self.machine.thread_state not in _ALIVE:
            idle = self.machine.thread_state is ThreadState.IDLE
            raise UserError(
                why_not(self.machine.thread_state), "invoke NAME calls an export" if idle else "restart runs it again"
            )
        if not self.validated:
            self.validate()
        self.selected = 0  # conditions are about the innermost frame
        self._pause_no_more()
        self.emit(_RUNNING)
        run = self._run
        run.begin()
        try:
            ended = plan(run)
        except Trap as trap:  # of a start-up phase's own call
            ended = Ended(Reason.TRAP, Detail(trap=trap))
        for gone in run.watching.ended():
            self.emit(Message(f"watchpoint {gone.id} has ended: the frame of {gone.location} is gone"))
        self._pause_no_more()
        return self._stopped(ended)

    def _pause_no_more(self) -> None:
        if self._pause.is_set():  # clearing takes a lock
            self._pause.clear()

    def _runner(self) -> Run:
        return Run(
            self.machine, self.executor, self.world, self.breakpoints, self.lines_at, self._accepts,
            self._next_phase, self._results, self._pause.is_set, self.wait_for_input, self._refresh,
            lambda: self._guards.of(self.breakpoints), lambda trap: self.catching.trapped(self.breakpoints, trap),
        )  # fmt: skip

    def _next_phase(self) -> Phase | None:
        if not self._phases:
            return None
        self._begun.append((self.machine.tick, self._phases.pop(0)))
        return self._begun[-1][1]

    def _stopped(self, ended: Ended) -> Stopped:
        self._stop_id += 1
        self.selected = 0
        detail = ended.detail
        self.causes = self.causes_of(detail.trap) if detail.trap is not None else []
        frame = self.inspect.frame(0)
        if ended.reason in (Reason.BREAKPOINT, Reason.STEP) and (about := self.catching.about(frame)):
            detail = replace(detail, notes=(*detail.notes, about))
        self.last = Stopped(ended.reason, _place(frame), self.machine.tick, self._stop_id, detail)
        if ended.reason not in _NO_STOPS and (stop := (self.last.tick, ended.reason.value)) not in self.stops:
            self.stops.append(stop)
            del self.stops[:-_MOST_STOPS]
        for printed in self._recorded_output.passed(self.last.tick):
            self.printed.add(printed)
            self.world.show(printed.stream, printed.data)
        self.emit(self.last)
        return self.last

    def place(self) -> Place | None:
        """Where the machine stands; None when no call is under way."""
        return _place(self.inspect.frame(0))

    def _results(self) -> tuple[str, ...]:
        slots = self.machine.results()
        types = self._begun[-1][1].type.results
        return tuple(self.inspect.format(v, t) for v, t in zip(grouped(slots, types), types, strict=True))

    # -- looking ---------------------------------------------------------------------------------

    def evaluator(self, frame: int | None = None) -> Evaluator:
        """Evaluates expressions in a frame (default: the selected one)."""
        found = self.frame(frame)
        instance = found.instance if found is not None and found.instance is not None else self.main
        return Evaluator(self.machine, self.inspect, self.main, found, self.debug_info(instance))

    def source_frame(self, frame: int | None = None) -> SourceFrame | None:
        """Variables of the program's source in a frame (default: the selected one); None without debug information."""
        return self.evaluator(frame).source

    def inlined(self, frame: Frame) -> tuple[tuple[str, Line | None], ...]:
        """Functions inlined where a frame stands, the innermost first, and last the function itself: name and line."""
        return self._sources.inlined(frame)

    def variable_at(self, instance: Instance, address: int) -> Lying | None:
        """The source's variable that is nearest to a native address."""
        source = Evaluator(self.machine, self.inspect, instance, None, self.debug_info(instance)).source
        return None if source is None else nearest(source, address)

    def debug_info(self, instance: Instance) -> DebugInfo | None:
        return self._sources.info(instance.module)

    def frame(self, number: int | None = None) -> Frame | None:
        """A frame by number (default: the selected one)."""
        return self.inspect.frame(self.selected if number is None else number)

    def select_frame(self, number: int) -> Frame:
        """Makes a frame the one that expressions and views are about. Raises UserError."""
        frame = self.inspect.frame(number)
        if frame is None:
            depth = self.machine.control.depth
            raise UserError(
                f"there is no frame {number}", f"frames 0 to {depth - 1}" if depth else "no call is under way"
            )
        self.selected = number
        return frame

    @property
    def stop_id(self) -> int:
        return self._stop_id

    def check_fresh(self, stop_id: int) -> None:
        """Raises StaleHandle for what was read at an earlier stop."""
        if stop_id != self._stop_id:
            raise StaleHandle()

    def instance(self) -> Instance:
        """The instance of the selected frame, else the program's."""
        frame = self.frame()
        return frame.instance if frame is not None and frame.instance is not None else self.main

    # -- source lines ----------------------------------------------------------------------------

    def lines_at(self, vmctx: int) -> LineTable | None:
        """Source lines of an instance, None when it has none."""
        instance = self.machine.instance_at(Addr(vmctx))
        return None if instance is None else self.lines_of(instance)

    def lines_of(self, instance: Instance) -> LineTable | None:
        return self._sources.lines(instance.module)

    def _lines_by_number(self) -> dict[int, LineTable]:
        tables = {i.number: self.lines_of(i) for i in self.machine.instances}
        return {number: table for number, table in tables.items() if table is not None}

    # -- editing ---------------------------------------------------------------------------------

    def call(self, func: int, args: tuple[int, ...], keep: bool) -> tuple[str, ...]:
        """Calls a function of the selected instance at this stop; undone afterwards unless `keep`."""
        instance = self.instance()
        self.validate()
        self._pause.clear()
        scratch = ScratchCall(self.machine, self.scheduler, lambda until: self.world.wait(until, self._pause.is_set))
        self.scheduler.held = self.machine.current.number
        try:
            results = scratch.run(instance, func, args, keep)
        finally:
            self.scheduler.held = None
        types = instance.module.func_type(func).results
        return tuple(self.inspect.format(s, t) for s, t in zip(grouped(results, types), types, strict=True))

    def write_memory(self, memory: LinearMemory, offset: int, data: bytes) -> None:
        """Changes bytes of a linear memory by hand. Raises UserError, MemoryFault."""
        memory.read(offset, len(data))
        poke(self.machine, Addr(memory.region.base + offset), data)

    def collect_garbage(self) -> Collected:
        """Frees the objects of the GC heap that nothing reaches."""
        done = collect(self.machine)
        self.machine.journal.add(Collect(self.machine.tick))
        return done

    def jump(self, location: str) -> None:
        """Makes another instruction of the innermost function the next one, where the operand types agree.

        Raises UserError otherwise.
        """
        frame = self.inspect.frame(0)
        if frame is None or frame.instance is None:
            raise UserError("there is no WebAssembly frame to jump in")
        sites = [r.site for r in self.resolver.resolve(location)]
        here = [s for s in sites if (s.vmctx, s.func) == (frame.record.vmctx, frame.func)]
        if not here:
            raise UserError(f"{location} is not in {frame.name}", "a jump stays inside the function")
        instrs = self.inspect.facts(frame).instrs
        now, then = instrs[frame.pc].stack, instrs[here[0].pc].stack
        if now != then:
            raise UserError(
                f"the operand stack there is [{_types(then)}], here it is [{_types(now)}]",
                "jump to a place where they agree",
            )
        self.machine.journal.add(Jump(self.machine.tick, here[0].pc))
        set_pc(self.machine, here[0].pc)
        self._stopped(Ended(Reason.STEP))

    @property
    def path(self) -> Path:
        return self.loaded.path

    @property
    def tick(self) -> Tick:
        return self.machine.tick


def _types(types: tuple[ValType, ...] | None) -> str:
    return "never reached" if types is None else " ".join(map(str, types))


def _place(frame: Frame | None) -> Place | None:
    if frame is None:
        return None
    record = frame.record
    return Place(record.vmctx, record.func, record.pc, frame.offset, frame.name)
