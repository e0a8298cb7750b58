"""What terminal and branch must agree on: pure values and functions, no IO."""
