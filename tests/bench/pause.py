"""How long a pause takes from the moment it is asked for, wherever the guest is."""

from __future__ import annotations

import statistics
import threading
import time

from debugger.events import Reason
from tests.debugger.sessions import session
from tests.debugger.test_session import ENDLESS, FILL, READ, SLEEP

ROUNDS = 7
TARGET_MS = 20.0
CASES = {
    "an endless loop": (ENDLESS, ("run",)),
    "a memory.fill of 1 GiB": (FILL, ("run", "1000")),
    "poll_oneoff": (SLEEP, ()),
    "fd_read": (READ, ()),
}


def latencies_ms(wat: str, invoke: tuple[str, ...]) -> list[float]:
    """Each in milliseconds."""
    out = []
    with session(wat, *invoke, wait_for_input=True) as paused:
        for _ in range(ROUNDS):
            asked: list[float] = []

            def ask(asked: list[float] = asked) -> None:
                asked.append(time.perf_counter())
                paused.request_pause()

            threading.Timer(0.1, ask).start()
            assert paused.resume().reason is Reason.PAUSE
            out.append((time.perf_counter() - asked[0]) * 1e3)
    return out


def report() -> bool:
    """Prints a row a case; whether all medians are under the target."""
    print(f"\n{'pause in':24} {'median ms':>10} {'worst ms':>10}")
    medians = []
    for name, (wat, invoke) in CASES.items():
        found = latencies_ms(wat, invoke)
        medians.append(statistics.median(found))
        print(f"{name:24} {medians[-1]:10.1f} {max(found):10.1f}")
    print(f"target {TARGET_MS:.0f} ms")
    return max(medians) <= TARGET_MS
