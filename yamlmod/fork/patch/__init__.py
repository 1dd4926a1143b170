"""Plans what goes into a fork's files and what is taken out again."""
