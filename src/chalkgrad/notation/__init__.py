"""Maths text in, Program out."""
