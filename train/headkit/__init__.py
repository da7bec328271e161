"""Steps of ``train/build_head.py``, one noun a file, in the order they run.

``sources`` -> ``topology`` -> ``register`` -> ``eyes``, ``mouth`` -> ``identity``, ``expressions``.
"""
