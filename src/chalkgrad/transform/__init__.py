"""Program in, Program out: differentiation and rewriting."""
