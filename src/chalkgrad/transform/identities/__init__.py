"""Derivations: from one formula to another by named identities."""
