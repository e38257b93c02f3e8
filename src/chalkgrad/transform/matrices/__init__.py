"""Formulas of arrays in matrix notation: the normal form, and the rules that lead to it."""
