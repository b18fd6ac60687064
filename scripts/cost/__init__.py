"""What `scripts/bench` measures: the cost of a message, counted or in seconds."""
