"""Host modules for programs that expect an environment of their own."""
