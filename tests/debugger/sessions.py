"""Sessions over modules given as text, for tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from debugger.executors import ExecutorKind
from debugger.launch import Options
from debugger.session import Session
from debugger.world import RealWorld
from tests.executors import KIND, maker
from vm.text import assemble

SAMPLES = Path(__file__).parents[2] / "sample-modules"


@contextmanager
def session(
    wat: str, *invoke: str, wait_for_input: bool = False, kind: ExecutorKind = KIND, **options: Any
) -> Iterator[Session]:
    """A session that stands at the entry of the export named by `invoke`, or at `_start`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.wasm"
        path.write_bytes(assemble(wat, "test.wat"))
        with opened(Options(path, invoke=invoke, **options), wait_for_input, kind) as made:
            yield made


@contextmanager
def opened(options: Options, wait_for_input: bool = False, kind: ExecutorKind = KIND) -> Iterator[Session]:
    """A session that stands at its entry."""
    made = Session(options, RealWorld(options.roots), make_executor=maker(kind), wait_for_input=wait_for_input)
    try:
        made.start()
        yield made
    finally:
        made.close()


@contextmanager
def sample(name: str, *invoke: str, args: tuple[str, ...] = ()) -> Iterator[Session]:
    """A session over a module of the samples folder, as `fib/fib.wasm`."""
    with opened(Options(SAMPLES / name, args=args, invoke=invoke)) as made:
        yield made
