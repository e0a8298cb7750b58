"""The branch server: another process, another machine, another trust zone."""
