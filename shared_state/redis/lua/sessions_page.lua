#!lua flags=no-writes
-- Read one page of a world's sessions, each row's head and tail as of the same moment.
--
-- KEYS  1 sessions
-- ARGV  1 cursor, 0 at first  2 fields wanted (about)  3 what follows a session's id in the name of its tail
-- Reply {next cursor, {session, head, ...}, {tail or nil, ...}}  cursor '0': it was the last page
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local fields, tail = page[2], ARGV[3]
local heads, tail_names = {}, {}
for i = 1, #fields, 2 do
  local name = fields[i]
  if string.sub(name, -#tail) ~= tail then
    heads[#heads + 1] = name
    heads[#heads + 1] = fields[i + 1]
    tail_names[#tail_names + 1] = name .. tail
  end
end
if #heads == 0 then return {page[1], {}, {}} end
return {page[1], heads, redis.call('HMGET', KEYS[1], unpack(tail_names))}
