#!lua
-- Note that a node lives; take dead ones off the list.
--
-- KEYS  1 nodes  2 beats
-- ARGV  1 node  2 row (opaque)  3 time to live in microseconds
-- Reply 1: it was asked to drain; else 0
local NODES, BEATS = KEYS[1], KEYS[2]
local CHUNK = 1000
local call = redis.call
local asked = call('HEXISTS', NODES, ARGV[1] .. ':drain')
local time = call('TIME')
local now_us = time[1] * 1000000 + time[2]
for _, dead in ipairs(call('ZRANGE', BEATS, '-inf', string.format('%.0f', now_us), 'BYSCORE', 'LIMIT', 0, CHUNK)) do
  call('HDEL', NODES, dead, dead .. ':drain', dead .. ':kicks')
  call('ZREM', BEATS, dead)
  if dead == ARGV[1] then asked = 0 end
end
call('HSET', NODES, ARGV[1], ARGV[2])
call('ZADD', BEATS, string.format('%.0f', now_us + tonumber(ARGV[3])), ARGV[1])
return asked
