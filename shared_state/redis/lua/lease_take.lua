#!lua
-- Take a lease that is free, expired, or already the owner's.
--
-- KEYS  1 leases  2 meta
-- ARGV  1 name  2 owner  3 time to live in microseconds  4 salt: 16 digits, at random
-- Reply fencing token, or '' while another owner holds it, or when the world was deleted (delete_world.lua)
--
-- Row: expiry and time to live (big-endian 8-byte numbers, microseconds), token (text, ended by a zero byte), owner.
-- A token is a number and the salt behind it. The number is above the row's and above that of every row that went, which
-- stands in a field of its own, and at least the store's clock; so tokens rise, also when the rows were lost, unless a
-- clock went back too. They never repeat, whatever was lost: the salt is new.
local SALT = 16
local HIGHEST = ':highest'    -- no lease is called so
local call = redis.call
if call('HGET', KEYS[2], 'epoch') == 'gone' then return '' end
local time = call('TIME')
local now_us = time[1] * 1000000 + time[2]
local found = call('HMGET', KEYS[1], ARGV[1], HIGHEST)
local row = found[1]
local number = math.max(now_us, (tonumber(found[2] or '') or 0) + 1)
if row then
  local expiry_us, ttl_us, token, owner = struct.unpack('>I8I8s', row)
  owner = string.sub(row, owner)
  if expiry_us > now_us and owner ~= ARGV[2] then
    if expiry_us > now_us + ttl_us then
      -- The clock went back since. An owner that lives renews; a dead one's lease ends after one term, not years later.
      call('HSET', KEYS[1], ARGV[1], struct.pack('>I8I8s', now_us + ttl_us, ttl_us, token) .. owner)
    end
    return ''
  end
  number = math.max(number, tonumber(string.sub(token, 1, -SALT - 1)) + 1)
end
local token = string.format('%.0f', number) .. ARGV[4]
local ttl_us = tonumber(ARGV[3])
call('HSET', KEYS[1], ARGV[1], struct.pack('>I8I8s', now_us + ttl_us, ttl_us, token) .. ARGV[2])
return token
