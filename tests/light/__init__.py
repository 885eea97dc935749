"""What makes the tests' trainings lighter: see ``sitecustomize``."""
