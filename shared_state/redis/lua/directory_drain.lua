#!lua
-- Ask a live node to drain.
--
-- KEYS  1 nodes  2 beats
-- ARGV  1 node
-- Reply 1; 0: no such node lives
local time = redis.call('TIME')
local expiry_us = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not expiry_us or tonumber(expiry_us) <= time[1] * 1000000 + time[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1] .. ':drain', '1')
return 1
