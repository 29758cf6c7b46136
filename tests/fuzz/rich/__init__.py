"""Random modules that are rich in traps, NaNs, references, objects and exceptions."""
