#!lua
-- Take a node off the list, with what was asked of it.
--
-- KEYS  1 nodes  2 beats
-- ARGV  1 node
-- Reply 1; 0: no such node lived
local time = redis.call('TIME')
local expiry_us = redis.call('ZSCORE', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1], ARGV[1] .. ':drain', ARGV[1] .. ':kicks')
redis.call('ZREM', KEYS[2], ARGV[1])
return expiry_us and tonumber(expiry_us) > time[1] * 1000000 + time[2] and 1 or 0
