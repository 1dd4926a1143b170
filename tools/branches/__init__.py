"""Sweeps `remap` over modules and over heads, judged by values alone."""
