"""The oracle of the reader of forks: what it reads, beside what the fork itself builds."""
