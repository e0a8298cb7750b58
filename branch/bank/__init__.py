"""The bank's side: the Core port, the reference ledger behind it, the test HSM and the test issuer."""
