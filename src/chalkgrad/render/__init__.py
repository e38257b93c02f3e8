"""Views. One file each; all are pure, and none computes a number."""
