"""What torch's layers and functions check, and the sizes they give."""
