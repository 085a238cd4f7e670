#!lua
-- Read the list, unless it is known; bans that ran out are taken off first.
--
-- KEYS  1 bans  2 ban_ends  3 ban_stamp
-- ARGV  1 the stamp that is known  2 the list's next stamp, if it has to change
-- Reply nil: that stamp is still right; else stamp, {subject, reason, ...}, {subject, end in microseconds, ...}
local BANS, ENDS, STAMP = KEYS[1], KEYS[2], KEYS[3]
local AT_ONCE = 1000
local call = redis.call
local time = call('TIME')
local now_us = string.format('%.0f', time[1] * 1000000 + time[2])
local _, stamp = call('HLEN', BANS), call('GET', STAMP) or ''
local over = call('ZRANGE', ENDS, '-inf', now_us, 'BYSCORE', 'LIMIT', 0, AT_ONCE)
if #over > 0 then
  stamp = ARGV[2]
  call('HDEL', BANS, unpack(over))
  call('ZREM', ENDS, unpack(over))
  call('SET', STAMP, stamp)
end
if stamp == ARGV[1] then return nil end
return {stamp, call('HGETALL', BANS), call('ZRANGE', ENDS, 0, -1, 'WITHSCORES')}
