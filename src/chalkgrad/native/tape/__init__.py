"""Long straight lines of scalars, run without compiling."""
