"""Sums of products done as a whole."""
