"""Plan, run and report an ablation study: variants of a network, trained with several seeds."""

from __future__ import annotations

GROUP = "run"
EPILOG = """\b
Examples:
  yamlmod study plan study.yaml -o out   prove variants, write down runs
  yamlmod study run out                  train what is left, after any kill
  yamlmod study status out
  yamlmod study report out -o table.tex"""
