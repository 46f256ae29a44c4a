"""The families that anybody may look at and work on, a module for each environment."""
