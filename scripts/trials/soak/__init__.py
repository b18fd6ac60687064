"""Services that run for long."""
