"""An oracle for the rule `wiring`: slips of known cause, and changes made on purpose."""
