-- End the worlds that were empty for too long, and hand out names of worlds that are gone.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 most of each  2 microseconds until a name that is handed out is handed out again
-- Reply names
local function due(key)
  return call('ZRANGE', key, '-inf', whole(now_us), 'BYSCORE', 'LIMIT', 0, ARGV[1])
end
for _, name in ipairs(due(IDLE)) do drop_world(world_of(name)) end
local names = due(GONE)
for _, name in ipairs(names) do call('ZADD', GONE, whole(now_us + tonumber(ARGV[2])), name) end
return names
