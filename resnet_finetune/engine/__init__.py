"""What happens to a network: the first answer, fine-tuning, the test, and taking it away."""
