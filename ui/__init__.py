"""The front ends: command line, REPL and terminal UI."""
