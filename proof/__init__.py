"""Evidence on runs: recordings of what was promised and what the store logged, and a verifier that holds them together.

Stands beside the packages that it judges: it uses them, none of them knows it.
"""
