#!lua flags=no-writes
-- Read a whole world at one version.
--
-- KEYS  1 state  2 cells  3 meta
-- Reply {epoch, version, stamp, {id, tag and blob, ...}, {cell, tag, ...}}; epoch '' when the world does not exist
local meta = redis.call('HMGET', KEYS[3], 'epoch', 'version', 'stamp')
if not meta[1] then return {'', '0', string.rep('\0', 8), {}, {}} end
return {meta[1], meta[2], meta[3], redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2])}
