"""The branch's database: one module per concern, no SQL anywhere else but in the reference ledger."""
