"""What follows from facts about serialised units."""
