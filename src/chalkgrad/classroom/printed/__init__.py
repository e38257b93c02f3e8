"""Sheets on paper: one layout of a sheet and its key, and its views in PDF, HTML and LaTeX."""
