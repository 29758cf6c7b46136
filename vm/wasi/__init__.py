"""WASI preview 1: the ABI, written against the World protocol."""
