"""What a terminal may ask of its branch: one synchronous function a call, over database, core, HSM and issuer."""
