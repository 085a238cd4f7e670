#!lua
-- Give a world that lost history a new epoch: what is there now stays, under a name that no position had before.
--
-- KEYS  1 meta  2 log
-- ARGV  1 epoch  2 version  3 stamp   the head that the caller found wanting; another one now: nothing is done
--       4 the new epoch
-- Reply {epoch, version, stamp}   the head after, whoever renewed; epoch '' when the world does not exist
--
-- Of many nodes that ask, one does it: the epoch of the others is then an old one. The log goes, its deltas name the
-- old epoch.
local call = redis.call

local meta = call('HMGET', KEYS[1], 'epoch', 'version', 'stamp')
if not meta[1] then return {'', '0', string.rep('\0', 8)} end
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] or meta[3] ~= ARGV[3] then return {meta[1], meta[2], meta[3]} end
call('UNLINK', KEYS[2])
call('HSET', KEYS[1], 'epoch', ARGV[4])
return {ARGV[4], meta[2], meta[3]}
