"""Chalkgrad: backpropagation that shows its work."""
