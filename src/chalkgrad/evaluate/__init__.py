"""Programs to numbers: the interpreter, which is the reference, and differences, which check it."""
