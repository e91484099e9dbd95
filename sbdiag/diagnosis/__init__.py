"""What the evidence means."""
