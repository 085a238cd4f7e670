-- Reserve seats in a world: all that are asked for, or none.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 world  2 token, never used before  3 how many  4 time to live in microseconds
-- Reply {'OK'}   {'FULL', seats free}   {'NONE'}: there is no such world
local count = tonumber(ARGV[3])
local world = world_of(ARGV[1])
if not world then return {'NONE'} end
if world.seats - world.used < count then return {'FULL', whole(world.seats - world.used)} end
set_used(world, world.used + count, now_us)
put('r:' .. ARGV[2], world, count, '', '')
expire_in('r:' .. ARGV[2], ARGV[4])
return {'OK'}
