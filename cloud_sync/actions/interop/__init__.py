"""What other systems may ask for or say."""
