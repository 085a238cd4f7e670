#!lua
-- Free a lease that is still held under its token. The row stays, expired: it remembers the token.
--
-- KEYS  1 leases
-- ARGV  1 name  2 token
-- Reply 1 or 0
local row = redis.call('HGET', KEYS[1], ARGV[1])
if not row then return 0 end
local time = redis.call('TIME')
local expiry_us, _, token = struct.unpack('>I8I8s', row)    -- lease_take.lua has the layout
if token ~= ARGV[2] or expiry_us <= time[1] * 1000000 + time[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], struct.pack('>I8', 0) .. string.sub(row, 9))
return 1
