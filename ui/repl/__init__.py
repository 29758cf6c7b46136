"""The REPL (prompt_toolkit) and batch mode."""
