"""Marking a person's answers: each blank from their own neighbouring answers alone."""
