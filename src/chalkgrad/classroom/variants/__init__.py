"""Variants: other numbers for the same sheet, as nice and as hard, on which every known mistake shows."""
