"""One file per format; `render.py` loads the one that is asked for."""
