"""Games that ship with Oarlock, written on the public game API."""
