-- Reserve seats in the fullest public world of a kind that has as many free; make one if none has.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 token, never used before  2 how many  3 time to live in microseconds  4 name of a new world
--       5 kind  6 seats  7 private: 0  8 persistent, 1 or 0  9 empty time to live in microseconds
--       10 most worlds  11... metadata: name, JSON text, ...
-- Reply {world, 1 if it is new else 0}   {}: the new world's name is taken   {'FULL'}: no more worlds
local token, count, kind = ARGV[1], tonumber(ARGV[2]), ARGV[5]
local first = '[' .. kind .. ':' .. string.format('%07d', count)
local best = call('ZRANGE', OPEN, first, '(' .. kind .. ';', 'BYLEX', 'LIMIT', 0, 1)[1]
local world, full
if best then
  world = world_of(string.match(best, ':%d+:(.*)$'))
else
  world, full = make_world(ARGV[4], 5)
  if not world then return full or {} end
end
set_used(world, world.used + count, now_us)
put('r:' .. token, world, count, '', '')
expire_in('r:' .. token, ARGV[3])
return {world.name, best and 0 or 1}
