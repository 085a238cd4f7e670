-- Prolong the seats that a node keeps.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 node  2 time to live in microseconds  3... sessions, at least one, 1,000 at most
-- Reply sessions whose seat the node does not keep
local expiry_us = whole(now_us + tonumber(ARGV[2]))
local lost, kept, holders = {}, {}, {}
for i = 3, #ARGV do holders[i - 2] = 's:' .. ARGV[i] end
for i, row in ipairs(call('HMGET', SEATS, unpack(holders))) do
  local held = holding(row)
  if held and held.node == ARGV[1] then
    kept[#kept + 1] = expiry_us
    kept[#kept + 1] = holders[i]
  else
    lost[#lost + 1] = ARGV[i + 2]
  end
end
if #kept > 0 then call('ZADD', EXPIRIES, unpack(kept)) end
return lost
