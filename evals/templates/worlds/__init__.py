"""What the tasks of an environment begin with, drawn alike for both splits, a module for each environment."""
