"""An option's dashes stay on the line of its name: a browser would break after them."""

from __future__ import annotations

import re
from typing import Any, Final

# In text and below a program; a block of code keeps its own lines.
CODE: Final = re.compile(r"<code>(?:[^<\n]|<wbr>)+</code>")
OPTION: Final = re.compile(r"(?<![\w-])-{1,2}[A-Za-z]+(?:-[A-Za-z]+)*")


def on_page_content(html: str, **_: Any) -> str:
    """Hold the beginnings of options together."""
    return CODE.sub(
        lambda code: OPTION.sub(r'<span class="option">\g<0></span>', code[0]), html
    )
