-- End a world, whoever is in it.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 name
-- Reply 1; 0: there is no such world
local world = world_of(ARGV[1])
if not world then return 0 end
drop_world(world)
return 1
