-- A step, published. KEYS[1] player  ARGV[1..3] dx dy id
local x, y = redis.call('HINCRBY', KEYS[1], 'x', ARGV[1]), redis.call('HINCRBY', KEYS[1], 'y', ARGV[2])
redis.call('PUBLISH', 'arena', '{"t":"moved","id":"' .. ARGV[3] .. '","x":' .. x .. ',"y":' .. y .. '}')
return 1
