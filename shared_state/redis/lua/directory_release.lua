-- Free what a reservation or a session holds.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 holder: r:token or s:session  2 node that keeps the seat; '' for a reservation
-- Reply 1; 0: nothing is held, or another node keeps it
local held = holding_of(ARGV[1])
if not held or held.node ~= ARGV[2] then return 0 end
set_used(held.world, held.world.used - held.count, now_us)
erase(ARGV[1])
return 1
