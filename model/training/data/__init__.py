"""Training data: trajectories made by running environments and by calling documented APIs, in the runtime's format."""
