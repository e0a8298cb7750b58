"""The terminal program: it puts devices, flows, glass and link together."""
