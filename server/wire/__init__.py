"""The client protocol: messages and their two encodings. Shared by nodes and bots; imports neither."""
