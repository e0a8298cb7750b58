"""The transactions: one linear coroutine each, over screens, devices and effects."""
