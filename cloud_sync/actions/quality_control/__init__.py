"""Quality control: plans, samples and what follows from them, by people and programs."""
