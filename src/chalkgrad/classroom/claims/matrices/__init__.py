"""Claims about matrices: shapes, and derivatives of arrays, for one example and for all of them."""
