"""Micro-benchmarks of server.net against plain C and Node.js."""
