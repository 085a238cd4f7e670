#!lua flags=no-writes
-- Read one page of a world's entities or cells, and the version that it is of.
--
-- KEYS  1 state or cells  2 meta
-- ARGV  1 cursor, 0 at first  2 fields wanted (about)
-- Reply {epoch, version, stamp, next cursor, {field, value, ...}}  cursor '0': it was the last page
--       epoch '' when the world does not exist
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'version', 'stamp')
if not meta[1] then return {'', '0', string.rep('\0', 8), '0', {}} end
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
return {meta[1], meta[2], meta[3], page[1], page[2]}
