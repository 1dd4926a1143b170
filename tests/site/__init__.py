"""Tests of the site that need neither Zensical nor npm."""
