"""The known mistakes as numbers: what each would put into a blank, from the numbers that stand before it."""
