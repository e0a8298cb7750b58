"""The speaking mode: every screen said into the customer's own ear, and worked by the keys of the PIN pad."""
