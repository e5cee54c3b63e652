"""What is killed in the middle."""
