#!lua
-- Ask a live node to put a session out of its world.
--
-- KEYS  1 nodes  2 beats
-- ARGV  1 node  2 world:session  3 most requests that may wait
-- Reply 1; 0: no such node lives, or too many requests wait
local NODES, BEATS = KEYS[1], KEYS[2]
local call = redis.call
local time = call('TIME')
local expiry_us = call('ZSCORE', BEATS, ARGV[1])
if not expiry_us or tonumber(expiry_us) <= time[1] * 1000000 + time[2] then return 0 end
local waiting = call('HGET', NODES, ARGV[1] .. ':kicks') or ''
if select(2, string.gsub(waiting, '\n', '')) >= tonumber(ARGV[3]) then return 0 end
call('HSET', NODES, ARGV[1] .. ':kicks', waiting .. ARGV[2] .. '\n')
return 1
