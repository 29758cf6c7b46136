"""The benchmark programs: an export `run` each, with an argument that says how much there is to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# Arguments for which a slow engine takes at least 0.2 s.
WORKLOADS: Mapping[str, int] = {
    "fib": 19, "sieve": 6000, "crc": 4, "mandel": 18, "indirect": 12000, "switch": 7000, "bulk": 9000, "hash": 400,
}  # fmt: skip


def source(name: str) -> str:
    """A program's text."""
    return (Path(__file__).parent / "workloads" / f"{name}.wat").read_text()
