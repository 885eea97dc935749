"""What happens to a network: the first answer, fine-tuning and the test."""
