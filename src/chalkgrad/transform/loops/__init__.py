"""Loops made cheaper before they are run: what a turn need not do is done outside of it."""
