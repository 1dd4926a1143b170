"""The loader of overlays: a separate program, copied into each overlay folder."""
