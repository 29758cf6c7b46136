"""The program's own variables: where they are, and what they look like to whoever wrote it."""
