"""Core dumps: a program's state in a file, as the tool conventions describe it and as its writers really write it."""
