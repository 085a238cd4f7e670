"""A replicated, transactional world on Redis or Valkey under Trio; knows no game rule and no player socket."""
