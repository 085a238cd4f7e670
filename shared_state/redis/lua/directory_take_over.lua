-- Make a node the keeper of a session's seat.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 session  2 node  3 time to live in microseconds
-- Reply world; '': the session has no seat
local session = 's:' .. ARGV[1]
local held = holding_of(session)
if not held then return '' end
put(session, held.world, 1, ARGV[2], held.token)
expire_in(session, ARGV[3])
return held.world.name
