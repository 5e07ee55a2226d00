"""What is done to the lab in its tests, as scenarios and by force."""
