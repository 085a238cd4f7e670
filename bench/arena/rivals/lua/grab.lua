-- A grab. KEYS[1] coin  KEYS[2] player  ARGV[1] x at which the grabber saw the coin  ARGV[2..3] its next place
-- Reply: the new score, or false when somebody was first
if redis.call('HGET', KEYS[1], 'x') ~= ARGV[1] then return false end
redis.call('HSET', KEYS[1], 'x', ARGV[2], 'y', ARGV[3])
return redis.call('HINCRBY', KEYS[2], 'score', 1)
