"""Names, as beside."""


class AdminClient:
    """What creates topics."""


class NewTopic:
    """A topic to create."""
