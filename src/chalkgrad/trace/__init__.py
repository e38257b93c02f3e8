"""NumPy code in, Program out."""
