"""What each row does, in LLVM's language: a module per family, matched to rows by name."""
