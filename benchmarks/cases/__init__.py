"""What is measured, one file a table."""
