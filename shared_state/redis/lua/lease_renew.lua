#!lua
-- Extend a lease that is still held under its token; a lost or released one stays lost.
--
-- KEYS  1 leases
-- ARGV  1 name  2 token  3 time to live in microseconds
-- Reply 1 or 0
local row = redis.call('HGET', KEYS[1], ARGV[1])
if not row then return 0 end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local expiry_us, _, token, owner = struct.unpack('>I8I8s', row)    -- lease_take.lua has the layout
if token ~= ARGV[2] or expiry_us <= now_us then return 0 end
local ttl_us = tonumber(ARGV[3])
row = struct.pack('>I8I8s', now_us + ttl_us, ttl_us, token) .. string.sub(row, owner)
redis.call('HSET', KEYS[1], ARGV[1], row)
return 1
