"""The ground: values and programs, knowing no op."""
