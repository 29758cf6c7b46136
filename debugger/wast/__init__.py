"""Official test scripts (`.wast`): read, run on one store, each failure with its line."""
