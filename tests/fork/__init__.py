"""Tests of the fork room."""
