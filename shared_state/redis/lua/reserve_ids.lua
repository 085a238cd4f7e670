#!lua
-- Reserve entity ids for one writer.
--
-- KEYS  1 meta
-- ARGV  1 epoch  2 how many
-- Reply {'OK', first, end} or {'EPOCH', epoch now}
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'next_id')
if meta[1] ~= ARGV[1] then return {'EPOCH', meta[1] or ''} end
local first = tonumber(meta[2])
local last = string.format('%.0f', first + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'next_id', last)
return {'OK', string.format('%.0f', first), last}
