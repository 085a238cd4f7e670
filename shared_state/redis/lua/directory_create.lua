-- Make a world.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 name  2 kind  3 seats  4 private, 1 or 0  5 persistent, 1 or 0  6 empty time to live in microseconds
--       7 most worlds  8... metadata: name, JSON text, ...
-- Reply 1; 0: the name is taken; {'FULL'}: there are that many worlds
local world, full = make_world(ARGV[1], 2)
if full then return full end
return world and 1 or 0
