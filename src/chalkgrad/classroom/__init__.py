"""What a class does with a function: people's own answers, judged."""
