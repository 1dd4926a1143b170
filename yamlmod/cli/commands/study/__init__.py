"""Plan, run and report an ablation study: variants of a network, trained with several seeds."""

from __future__ import annotations

GROUP = "run"
EPILOG = """\b
Examples:
  yamlmod study plan study.yaml -o out     prove every variant, write every run
  yamlmod study run out                    train what is not done; again after any kill
  yamlmod study status out
  yamlmod study report out -o table.tex"""
