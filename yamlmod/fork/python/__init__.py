"""The Python of a fork as text: parsed files, what they bind, and where names lead."""
