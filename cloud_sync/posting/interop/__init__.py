"""What was exchanged with other systems, as evidence."""
