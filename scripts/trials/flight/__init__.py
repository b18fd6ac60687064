"""Much at once, and what is cancelled, forked or stopped meanwhile."""
