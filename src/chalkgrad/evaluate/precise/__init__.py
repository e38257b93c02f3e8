"""Evaluation in decimal arithmetic of any number of digits, which says what it could not see."""
