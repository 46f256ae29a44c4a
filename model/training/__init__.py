"""Training: data from real tools, carving the dense parent into experts, healing and fine-tuning, evaluation."""
