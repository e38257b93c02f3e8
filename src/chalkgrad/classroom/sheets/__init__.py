"""Sheets: what a sheet file says, the blanks that it asks for, and the key to them."""
