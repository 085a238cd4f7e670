-- A step. KEYS[1] player  ARGV[1..2] dx dy. Reply: {x, y}
return {redis.call('HINCRBY', KEYS[1], 'x', ARGV[1]), redis.call('HINCRBY', KEYS[1], 'y', ARGV[2])}
