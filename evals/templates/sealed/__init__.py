"""The families kept for the score, a module for each environment: whoever improves an agent leaves them unread."""
