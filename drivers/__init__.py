"""The devices: what a flow may ask of them, and the wire to the real thing."""
