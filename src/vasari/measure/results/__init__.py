"""Vasari over a whole test set: what comes out well, what does not, and for whom."""
