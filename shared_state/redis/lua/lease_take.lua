#!lua
-- Take a lease that is free, expired, or already the owner's.
--
-- KEYS  1 leases  2 meta
-- ARGV  1 name  2 owner  3 time to live in microseconds
-- Reply fencing token, or '' while another owner holds it, or when the world was deleted (delete_world.lua)
--
-- Row: token and expiry (two big-endian 8-byte numbers), owner. A token is at least the store's time in microseconds,
-- so it does not repeat when the store lost data. An expired or released row stays: it remembers the token.
if redis.call('HGET', KEYS[2], 'epoch') == 'gone' then return '' end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local token = now_us
local row = redis.call('HGET', KEYS[1], ARGV[1])
if row then
  local held, expiry_us = struct.unpack('>I8I8', row)
  if expiry_us > now_us and string.sub(row, 17) ~= ARGV[2] then return '' end
  token = math.max(held + 1, now_us)
end
redis.call('HSET', KEYS[1], ARGV[1], struct.pack('>I8I8', token, now_us + tonumber(ARGV[3])) .. ARGV[2])
return string.format('%.0f', token)
