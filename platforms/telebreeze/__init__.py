"""Telebreeze: one account is one customer of its operator API (Telebreeze contract, Declared)."""
