"""A recorded trace as data, and how it is shown: as text, as a tree, as a picture."""
