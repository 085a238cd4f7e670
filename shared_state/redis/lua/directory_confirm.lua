-- Turn a reserved seat into a session's; free the one that the session had.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 token  2 session  3 node  4 time to live in microseconds
-- Reply world; '': the reservation is unknown, used up or has run out
--
-- The seat remembers its token, so a call that is made again finds its own effect and takes no second seat.
local token, node = ARGV[1], ARGV[3]
local reservation, session = 'r:' .. token, 's:' .. ARGV[2]
local held = holding_of(session)
local reserved = holding_of(reservation)
local world
if held and held.token == token then
  world = held.world
elseif reserved then
  world = reserved.world
  if held then set_used(held.world, held.world.used - 1, now_us) end
  if reserved.count > 1 then put(reservation, world, reserved.count - 1, '', '') else erase(reservation) end
else
  return ''
end
put(session, world, 1, node, token)
expire_in(session, ARGV[4])
return world.name
