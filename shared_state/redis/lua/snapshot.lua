#!lua flags=no-writes
-- Read a whole world at one version, if it is small enough for one step.
--
-- KEYS  1 state  2 cells  3 meta
-- ARGV  1 most fields of state and cells together
-- Reply {epoch, version, stamp, {id, tag and blob, ...}, {cell, tag, ...}}; epoch '' when the world does not exist
--       {epoch, version, stamp}  the world is larger: read it in pages (snapshot_page.lua)
local call = redis.call
local meta = call('HMGET', KEYS[3], 'epoch', 'version', 'stamp')
if not meta[1] then return {'', '0', string.rep('\0', 8), {}, {}} end
if call('HLEN', KEYS[1]) + call('HLEN', KEYS[2]) > tonumber(ARGV[1]) then return meta end
return {meta[1], meta[2], meta[3], call('HGETALL', KEYS[1]), call('HGETALL', KEYS[2])}
