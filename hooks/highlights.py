"""Highlighted code has no element without a colour, and signatures have no button.

Pygments gives each token an element of its own: a page of programs has thousands. And
nobody copies a signature, of which a page of the API has dozens.
"""

from __future__ import annotations

import re
from typing import Any, Final

CODE: Final = re.compile(r"<pre><span></span><code>.*?</code></pre>", re.DOTALL)
# Names, constants, variables, prefixes of strings and spaces: of the block's colour.
PLAIN: Final = re.compile(r'<span class="(?:n|kc|na|nv|sa|w)">([^<]*)</span>')


def on_page_content(html: str, **_: Any) -> str:
    """Leave out the elements that nobody needs."""
    html = html.replace('class="doc-signature ', 'class="doc-signature no-copy ')
    return CODE.sub(lambda code: PLAIN.sub(r"\1", code[0]), html)
