"""The whole system on one machine, told as a story: ``./dev demo``. The only part that runs both sides."""
