"""What other systems tell and ask: each door keeps what came, has it translated, and lets facts be booked."""
