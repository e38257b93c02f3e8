"""Speed beside the peers, row by row: what is measured is in `rows.py`, how in `clock.py`."""
