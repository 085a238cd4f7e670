#!lua flags=no-writes
-- Read the nodes that live.
--
-- KEYS  1 nodes  2 beats
-- Reply {node, row, 1 if it was asked to drain else 0; node, row, ...}
local call = redis.call
local time = call('TIME')
local now = string.format('(%.0f', time[1] * 1000000 + time[2])
local reply = {}
for _, node in ipairs(call('ZRANGE', KEYS[2], now, '+inf', 'BYSCORE')) do
  reply[#reply + 1] = node
  reply[#reply + 1] = call('HGET', KEYS[1], node)
  reply[#reply + 1] = call('HEXISTS', KEYS[1], node .. ':drain')
end
return reply
