"""Bots: a sans-I/O client, its mirror of the world, behaviours, and a swarm that checks what it sees."""
