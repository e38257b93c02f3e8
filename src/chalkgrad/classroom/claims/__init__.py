"""A person's claim about a function: read, judged line by line, mistakes named."""
