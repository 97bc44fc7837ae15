"""How Zoom speaks: addresses, shapes, errors and limits. What to do about an answer is decided elsewhere."""
