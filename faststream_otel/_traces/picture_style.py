"""What the picture of a trace is made of: its style, its shapes, its measures."""

from __future__ import annotations

# Heights and offsets are CSS pixels, at every width of the picture.
AXIS = 26
ROW = 38
TRACE_HEAD = 24  # above each of several traces
HEAD_BASELINE = 8  # of its words, above the row
LABEL = 13  # a row's baseline
BAR_TOP = 20
BAR_HEIGHT = 9
LEGEND = 24  # a line of it
LEGEND_LEFT = 6  # the middle of a line's first shape
LEGEND_WORDS = 13  # where they begin, from the middle of their shape
LEGEND_GAP = 18  # from the end of words to the middle of the next shape
LEGEND_MOST = 318  # a line's width
INDENT_MOST = 12
INDENT_SUM = 100  # all levels together, at the most

# The narrowest width to plan for, and how wide a cell of text may get.
NARROW = 340
WIDER = 200  # what a picture is wider, at least, where the page is not a phone's
NAME_CELL = 7.2
NOTE_CELL = 6.4
NOTE_GAP = 8
DURATION_WIDTH = 56
NOTE_MOST = 20  # cells

# One shape a kind, around (0, 0): what the producer hands out fits into the consumer.
SHAPES = {
    "PRODUCER": "M-6-5.5H1L6 0L1 5.5H-6z",
    "CONSUMER": "M-6-5.5H6V5.5H-6L-1 0z",
    "CLIENT": "M-5.5 0a5.5 5.5 0 1 1 11 0a5.5 5.5 0 1 1-11 0z",
    "SERVER": "M-3-5.5H3L6 0L3 5.5H-3L-6 0z",
    "INTERNAL": "M-4-4H4V4H-4z",
}
ERROR = "M0-6L6.5 5.5H-6.5zM-.9-2.2L-.5 1.8H.5L.9-2.2zM-.8 2.8V4.3H.8V2.8z"
LINK_SAMPLE = (
    '<line class="trace-lead" x1="-6" x2="8" y1="0" y2="0"/>'
    '<circle class="trace-dot" cx="-3" cy="0" r="3"/>'
)
LINK_OUT = "M-4 4L3.5-3.5M-2-4H4V2"
# A circle: with a tick where the message counts as handled, crossed out elsewhere.
ACCEPTED = "M-5 0a5 5 0 1 1 10 0a5 5 0 1 1-10 0zM-2.5 0L-.7 2L2.5-2"
DECLINED = "M-5 0a5 5 0 1 1 10 0a5 5 0 1 1-10 0zM-3.5 3.5L3.5-3.5"

# Beside the rows of several services is a stripe for each. Colours and dashes come
# round at different times, so that twelve services differ.
STRIPE_ROOM = 15
STRIPE_AT = -11
COLOURS = 4
DASHES = ("", "8 3", "2 2.75")

# The same in every picture, so that many may stand on one page. `:root` is the picture
# itself only where it is a document of its own: a page decides about dark by itself.
STYLE = """\
.trace-picture{display:block;width:100%;color:var(--trace-text,currentColor);\
fill:currentColor;font:13px/1 var(--trace-font,var(--md-text-font-family,\
system-ui,-apple-system,"Segoe UI",Roboto,sans-serif));\
font-variant-numeric:tabular-nums}
.trace-producer{--trace-kind:var(--trace-producer,#3b6fd4)}
.trace-consumer{--trace-kind:var(--trace-consumer,#0d8a78)}
.trace-client{--trace-kind:var(--trace-client,#8b5cc9)}
.trace-server{--trace-kind:var(--trace-server,#a86a0a)}
.trace-internal{--trace-kind:var(--trace-internal,#6b7480)}
.trace-shape,.trace-bar,.trace-least{fill:var(--trace-kind)}
.trace-name,.trace-note,.trace-fault,.trace-decision{unicode-bidi:isolate}
.trace-name{font-weight:500}
.trace-note,.trace-duration,.trace-tick{font-size:11.5px;fill:var(--trace-muted,currentColor);\
fill-opacity:var(--trace-muted-opacity,.72)}
.trace-duration{text-anchor:end}
.trace-services{box-sizing:border-box;overflow:visible;padding-left:15px}
.trace-stripe{fill:none;stroke-width:5}
.trace-service-1{stroke:var(--trace-service-1,#5b62c9)}
.trace-service-2{stroke:var(--trace-service-2,#6d7d17)}
.trace-service-3{stroke:var(--trace-service-3,#b83a86)}
.trace-service-4{stroke:var(--trace-service-4,#7d6250)}
.trace-decision{font-size:11.5px;font-weight:600;fill:var(--trace-decision,#8a5a00)}
.trace-decided{fill:none;stroke:var(--trace-decision,#8a5a00);stroke-width:1.6}
.trace-fault{font-size:11.5px;fill:var(--trace-error,#c4302b)}
.trace-error{fill:var(--trace-error,#c4302b);fill-rule:evenodd}
.trace-track,.trace-hit{fill:currentColor;fill-opacity:.07}
.trace-hit{fill-opacity:0}
.trace-row:hover .trace-hit{fill-opacity:.05}
.trace-grid,.trace-guide,.trace-lead,.trace-out{fill:none;stroke:currentColor}
.trace-grid{stroke-opacity:.13}
.trace-guide{stroke-opacity:.38}
.trace-lead{stroke-width:1.5;stroke-opacity:.6;stroke-dasharray:2 3}
.trace-dot{fill:currentColor}
.trace-out{stroke-width:1.6}
@media (max-width:599px){.trace-wide{display:none}}
@media (min-width:600px){.trace-narrow{display:none}}
.trace-picture:root{--trace-text:#1f2329;background:#fff}
@media (prefers-color-scheme:dark){.trace-picture:root{--trace-text:#d5d9e2;\
--trace-producer:#7ea6ff;--trace-consumer:#3cc4ab;--trace-client:#bd9af5;\
--trace-server:#dfa94a;--trace-internal:#98a2b3;--trace-error:#ff8078;--trace-decision:#e3b34c;\
--trace-service-1:#9aa3ff;--trace-service-2:#b3c64b;--trace-service-3:#f08cc6;\
--trace-service-4:#c9a58c;background:#1e2129}}
"""
