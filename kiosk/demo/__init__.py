"""The demonstration: a branch, simulated devices and a terminal on one machine, and a customer who uses them."""
