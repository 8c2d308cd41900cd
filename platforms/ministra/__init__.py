"""Ministra (formerly Stalker Portal): one account is one user of its REST API v1 (Ministra contract)."""
