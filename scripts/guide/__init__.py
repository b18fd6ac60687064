"""What the guide's pages are made from, and what plays its programs.

`scripts/update` runs the generators. The tests play the same programs in the same way.
"""
