"""Ask the fork's own interpreter: small stand-alone workers, and their drivers."""
