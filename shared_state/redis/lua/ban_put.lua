#!lua
-- Ban somebody, or change the ban.
--
-- KEYS  1 bans  2 ban_ends  3 ban_stamp
-- ARGV  1 subject  2 reason  3 time to live in microseconds, empty: for good  4 most bans  5 the list's next stamp
-- Reply 1; 0: the list is full
local BANS, ENDS, STAMP = KEYS[1], KEYS[2], KEYS[3]
local call = redis.call
local known, _, _ = call('HEXISTS', BANS, ARGV[1]), call('ZCARD', ENDS), call('GET', STAMP)
if known == 0 and call('HLEN', BANS) >= tonumber(ARGV[4]) then return 0 end
call('HSET', BANS, ARGV[1], ARGV[2])
call('ZREM', ENDS, ARGV[1])
if ARGV[3] ~= '' then
  local time = call('TIME')
  call('ZADD', ENDS, string.format('%.0f', time[1] * 1000000 + time[2] + tonumber(ARGV[3])), ARGV[1])
end
call('SET', STAMP, ARGV[5])
return 1
