"""A class: the answers that come back, marked one person at a time, and what is made of the marks."""
