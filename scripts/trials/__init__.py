"""Services under force: what happens to them, and what of the promises holds."""
