"""What runs in the reader's browser: the stand-ins for a machine, and the runner."""
