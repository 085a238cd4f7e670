-- As grab.lua, published. KEYS[1] coin  KEYS[2] player  ARGV[1..5] x seen, next x and y, id, coin
if redis.call('HGET', KEYS[1], 'x') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'x', ARGV[2], 'y', ARGV[3])
local score = redis.call('HINCRBY', KEYS[2], 'score', 1)
redis.call('PUBLISH', 'arena', '{"t":"grabbed","id":"' .. ARGV[4] .. '","score":' .. score .. ',"c":' .. ARGV[5] .. ',"x":' .. ARGV[2] .. ',"y":' .. ARGV[3] .. '}')
return 1
