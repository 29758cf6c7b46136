"""Runs inside LLDB's Python: stops at every line of a source and writes down what LLDB shows, as JSON.

python lldb_side.py PORT SOURCE_NAME LINES MOST_STOPS   (a Wasmtime waits at PORT: wasmtime run -g PORT ...)
"""

from __future__ import annotations

import json
import sys

import lldb  # type: ignore[import-not-found]

_MOST_DEPTH, _MOST_CHILDREN = 4, 12
_OFFSET_BITS = 0xFFFF_FFFF
_FLOATS = (lldb.eBasicTypeFloat, lldb.eBasicTypeDouble)


def leaves(value, path, depth, into):
    """Numbers inside a value by path; what has an error is the error."""
    value = value.GetNonSyntheticValue()
    count = value.GetNumChildren()
    if value.GetError().Fail():
        into[path] = "gone"
        return
    kind = value.GetType().GetCanonicalType()
    if kind.IsPointerType() or not count:
        error = lldb.SBError()
        size = min(value.GetByteSize(), 8)
        if kind.GetBasicType() in _FLOATS or not value.GetValue():
            raw = value.GetData().ReadRawData(error, 0, size) if size else b""
            into[path] = "gone" if error.Fail() else int.from_bytes(raw or b"", "little")
        else:  # a bit field's bytes are not its value
            into[path] = value.GetValueAsUnsigned() & (1 << 8 * size) - 1
        return
    if depth >= _MOST_DEPTH:
        return
    for i in range(min(count, _MOST_CHILDREN)):
        child = value.GetChildAtIndex(i)
        name = child.GetName() or "?"
        leaves(child, path + (name if name.startswith("[") else f".{name}"), depth + 1, into)


def main() -> None:
    port, source, lines, most = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    debugger = lldb.SBDebugger.Create()
    debugger.SetAsync(False)
    target = debugger.CreateTarget("")
    error = lldb.SBError()
    process = target.ConnectRemote(debugger.GetListener(), f"connect://127.0.0.1:{port}", "wasm", error)
    assert error.Success(), error
    found = {"breakpoints": {}, "stops": []}
    for line in range(1, lines + 1):
        made = target.BreakpointCreateByLocation(source, line)
        at = sorted(
            {
                made.GetLocationAtIndex(i).GetAddress().GetLoadAddress(target) & _OFFSET_BITS
                for i in range(made.GetNumLocations())
            }
        )
        lines_at = [
            made.GetLocationAtIndex(i).GetAddress().GetLineEntry().GetLine() for i in range(made.GetNumLocations())
        ]
        found["breakpoints"][line] = [at, sorted(set(lines_at))]
    while len(found["stops"]) < most:
        process.Continue()
        if process.GetState() != lldb.eStateStopped:
            break
        frame = process.GetSelectedThread().GetFrameAtIndex(0)
        thread = process.GetSelectedThread()
        if thread.GetStopReason() != lldb.eStopReasonBreakpoint:
            break
        values, types = {}, {}
        for variable in frame.GetVariables(True, True, False, True):
            types[variable.GetName()] = variable.GetTypeName()
            leaves(variable, variable.GetName(), 0, values)
        names = [thread.GetFrameAtIndex(i).GetFunctionName() for i in range(min(thread.GetNumFrames(), 8))]
        found["stops"].append(
            {"pc": frame.GetPC() & _OFFSET_BITS, "line": frame.GetLineEntry().GetLine(),
             "file": frame.GetLineEntry().GetFileSpec().GetFilename(), "values": values, "types": types,
             "frames": names, "inlined": frame.IsInlined()}
        )  # fmt: skip
    process.Kill()
    json.dump(found, sys.stdout)


main()
