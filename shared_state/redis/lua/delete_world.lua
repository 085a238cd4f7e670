#!lua
-- Delete all that is stored of a world; remember for a while that it is gone, for those who have it open.
--
-- KEYS  1 meta  2... its other keys
-- ARGV  1 how long to remember, seconds
-- Reply 1
--
-- UNLINK takes the keys off in one short step, whatever their size; the server frees them on another thread.
redis.call('UNLINK', unpack(KEYS))
redis.call('HSET', KEYS[1], 'epoch', 'gone', 'version', '0', 'stamp', string.rep('\0', 8))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
