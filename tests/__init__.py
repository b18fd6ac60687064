"""The tests. What they set for themselves and for what they start stands here."""

import os

# Logfire, which a few tests are about, plugs itself into pydantic: every process that
# makes a model would load it, and the SDK with it.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
