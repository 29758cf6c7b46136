"""Names of a module's debug information, kept between runs by a hash of the sections they are read from."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

from debugger.dwarf.entries import Sections
from debugger.dwarf.index import Kind, Named

_FORMAT = "names 1"
_MOST_FILES = 30
_MOST_BYTES = 256 << 20
_LEAST_BYTES = 1 << 20  # of debug information that it is worth it for
_KINDS = tuple(Kind)


def place(folder: Path, sections: Sections) -> Path | None:
    """The file for a module's names; None where reading them again is as fast."""
    if len(sections.info) < _LEAST_BYTES:
        return None
    digest = hashlib.blake2b(digest_size=20)
    for part in (sections.info, sections.abbrev, sections.str, sections.types):
        digest.update(hashlib.blake2b(part).digest())
    return folder / "names" / f"{digest.hexdigest()}.z"


def load(path: Path, size: int) -> list[Named] | None:
    """Names as they were kept; None when there are none. `size` of the section that their places are in."""
    try:
        unpacked = zlib.decompressobj().decompress(path.read_bytes(), _MOST_BYTES)
        found = json.loads(unpacked)
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            return None
        rows = zip(found["kinds"], found["names"], found["at"], strict=True)
        made = [Named(_KINDS[kind], str(name), int(at)) for kind, name, at in rows]
    except (OSError, ValueError, KeyError, TypeError, IndexError, zlib.error):
        return None
    return made if all(0 <= named.at < size for named in made) else None


def save(path: Path, names: Sequence[Named]) -> None:
    """Keeps names; where that cannot be done they are read again next time."""
    numbers = {kind: i for i, kind in enumerate(_KINDS)}
    body = {
        "format": _FORMAT, "kinds": [numbers[n.kind] for n in names], "names": [n.name for n in names],
        "at": [n.at for n in names],
    }  # fmt: skip
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in sorted(path.parent.glob("*.z"), key=lambda p: p.stat().st_mtime)[: -_MOST_FILES or None]:
            old.unlink(missing_ok=True)
        partial = path.with_suffix(".part")
        partial.write_bytes(zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1))
        partial.replace(path)
    except OSError:
        return
