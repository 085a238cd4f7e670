#!lua
-- End a ban.
--
-- KEYS  1 bans  2 ban_ends  3 ban_stamp
-- ARGV  1 subject  2 the list's next stamp
-- Reply 1; 0: there was none
local BANS, ENDS, STAMP = KEYS[1], KEYS[2], KEYS[3]
local call = redis.call
local known, _, _ = call('HEXISTS', BANS, ARGV[1]), call('ZCARD', ENDS), call('GET', STAMP)
if known == 0 then return 0 end
call('HDEL', BANS, ARGV[1])
call('ZREM', ENDS, ARGV[1])
call('SET', STAMP, ARGV[2])
return 1
