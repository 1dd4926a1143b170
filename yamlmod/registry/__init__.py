"""Templates as data: manifests, catalogue and look-up; template code is text here."""
