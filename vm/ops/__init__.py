"""The instruction table: one row per instruction, a file per family."""
