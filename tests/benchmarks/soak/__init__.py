"""The daemon over hours, and under too much: what stays flat, what grows, and what it says of its limits."""
