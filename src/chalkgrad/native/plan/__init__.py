"""From a Program to a loop tree."""
