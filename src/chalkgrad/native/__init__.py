"""Programs as machine code: loop nests, their storage, their arithmetic, and the call from Python."""
