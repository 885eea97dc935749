"""The vocabulary every other room shares. Standard library only; imports nothing of ours but itself."""
