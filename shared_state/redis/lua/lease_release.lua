#!lua
-- Free a lease that is still held under its token. The row goes; the highest number of those that went stays.
--
-- KEYS  1 leases
-- ARGV  1 name  2 token
-- Reply 1 or 0
local SALT = 16
local HIGHEST = ':highest'    -- lease_take.lua tells of it, and has the layout
local call = redis.call
local found = call('HMGET', KEYS[1], ARGV[1], HIGHEST)
local row = found[1]
if not row then return 0 end
local time = call('TIME')
local expiry_us, _, token = struct.unpack('>I8I8s', row)
if token ~= ARGV[2] or expiry_us <= time[1] * 1000000 + time[2] then return 0 end
local number = string.sub(token, 1, -SALT - 1)
if tonumber(number) > (tonumber(found[2] or '') or 0) then call('HSET', KEYS[1], HIGHEST, number) end
call('HDEL', KEYS[1], ARGV[1])
return 1
