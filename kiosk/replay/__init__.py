"""Visits that are kept without anybody in them, and gone through again."""
