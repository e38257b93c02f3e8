"""The compiler in process, and the call from Python."""
