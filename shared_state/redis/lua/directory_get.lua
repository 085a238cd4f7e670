-- Read one world.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 name
-- Reply {row, seats used} or {}
local world = world_of(ARGV[1])
if not world then return {} end
return {world.row, whole(world.used)}
