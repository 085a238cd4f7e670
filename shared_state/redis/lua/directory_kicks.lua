#!lua
-- Hand out what a node was asked to put out, once.
--
-- KEYS  1 nodes  2 beats
-- ARGV  1 node
-- Reply world:session of each, the oldest first, each followed by a newline
local waiting = redis.call('HGET', KEYS[1], ARGV[1] .. ':kicks')
if not waiting then return '' end
redis.call('HDEL', KEYS[1], ARGV[1] .. ':kicks')
return waiting
