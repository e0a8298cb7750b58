"""What a customer's own phone may reach: papers that she takes along, and nothing else."""
