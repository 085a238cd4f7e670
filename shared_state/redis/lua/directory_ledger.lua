#!lua
-- The ledger of worlds and seats: what the scripts named directory_* share. Put in front of each of those that take
-- KEYS  1 worlds  2 used  3 names  4 open  5 idle  6 gone  7 seats  8 expiries    (redis/keys.py: what they hold)
--
-- It takes back the seats whose time is up, so whatever a script finds afterwards is held. One call takes back a bounded
-- number: when there may be more it replies {'AGAIN'} and does nothing else, and the caller calls again.
-- Before the first write each key is read by a command of its type, and it is asked whether it may be written: so a
-- damaged key, or a user who may not do everything, refuses the whole call.
-- Numbers become text through string.format only: Lua by itself writes a large one as 1.8e+15.
local WORLDS, USED, NAMES, OPEN, IDLE, GONE, SEATS, EXPIRIES = unpack(KEYS)
local AT_ONCE = 100      -- seats taken back by one call: half a millisecond, five if each is of another world
local SERIAL = ':serial' -- field of USED; no world is called so
local call, may = redis.call, redis.acl_check_cmd

local function sound(keys, length, put, drop, ...)
  for _, key in ipairs(keys) do
    call(length, key)
    if not (may(put, key, ...) and may(drop, key, 'member')) then return false end
  end
  return true
end

if not (sound({WORLDS, USED, SEATS}, 'HLEN', 'HSET', 'HDEL', 'field', 'value')
    and sound({NAMES, OPEN, IDLE, GONE, EXPIRIES}, 'ZCARD', 'ZADD', 'ZREM', 0, 'member')) then
  return redis.error_reply("NOPERM the store's user may not write the directory: it needs HSET, HDEL, ZADD and ZREM")
end
local time = call('TIME')
local now_us = time[1] * 1000000 + time[2]

local function whole(n)
  return string.format('%.0f', n)
end

-- Worlds that this call has read. Row: kind, seats, private, persistent, empty time to live in microseconds, serial,
-- then metadata: name, JSON text, ...; all of it text. The serial tells a world from a later one of its name.
local read = {}

local function read_world(name, row, used)
  local fields = cmsgpack.unpack(row)
  read[name] = {
    name = name, row = row, fields = fields, kind = fields[1], seats = tonumber(fields[2]),
    private = fields[3] == '1', persistent = fields[4] == '1', empty_ttl_us = tonumber(fields[5]),
    serial = fields[6], used = tonumber(used),
  }
  return read[name]
end

local function world_of(name)
  if read[name] then return read[name] end
  local row = call('HGET', WORLDS, name)
  return row and read_world(name, row, call('HGET', USED, name))
end

-- Member of OPEN, where the public worlds of a kind with free seats stand in order, the fullest first.
local function open_member(world, free)
  return world.kind .. ':' .. string.format('%07d', free) .. ':' .. world.name
end

-- Note how many seats of a world are held, and since when.
local function set_used(world, used, since_us)
  if not world.private then
    if world.used < world.seats then call('ZREM', OPEN, open_member(world, world.seats - world.used)) end
    if used < world.seats then call('ZADD', OPEN, 0, open_member(world, world.seats - used)) end
  end
  call('HSET', USED, world.name, whole(used))
  world.used = used
  if used > 0 then
    call('ZREM', IDLE, world.name)
  elseif not world.persistent then
    call('ZADD', IDLE, whole(since_us + world.empty_ttl_us), world.name)
  end
end

-- Make a world of ARGV from `first` on: the first five fields of its row, most worlds, then its metadata.
-- nil: the name is taken; nil and the reply: there are too many.
local function make_world(name, first)
  if world_of(name) or call('ZSCORE', GONE, name) then return nil end
  if call('HLEN', WORLDS) >= tonumber(ARGV[first + 5]) then return nil, {'FULL'} end
  local fields = {unpack(ARGV, first, first + 4)}
  fields[6] = whole(call('HINCRBY', USED, SERIAL, 1))
  for i = first + 6, #ARGV do fields[#fields + 1] = ARGV[i] end
  call('HSET', WORLDS, name, cmsgpack.pack(fields))
  call('HSET', USED, name, '0')
  call('ZADD', NAMES, 0, fields[1] .. ':' .. name)
  local world = world_of(name)
  set_used(world, 0, now_us)
  return world
end

-- End a world: it leaves OPEN and IDLE as if it were full. Its seats are void, since their serial is nobody's.
local function drop_world(world)
  set_used(world, world.seats, now_us)
  call('ZREM', NAMES, world.kind .. ':' .. world.name)
  call('HDEL', USED, world.name)
  call('HDEL', WORLDS, world.name)
  call('ZADD', GONE, whole(now_us), world.name)
  read[world.name] = nil
end

-- Holders are 'r:' and a reservation's token, or 's:' and a session.
-- Row: world:serial:count:node:token; of a session's seat: who keeps it, and the reservation that it was.
local function holding(row)
  if not row then return nil end
  local name, serial, count, node, token = string.match(row, '^([^:]*):([^:]*):([^:]*):([^:]*):(.*)$')
  local world = world_of(name)
  if not world or world.serial ~= serial then return nil end
  return {world = world, count = tonumber(count), node = node, token = token}
end

local function holding_of(holder)
  return holding(call('HGET', SEATS, holder))
end

local function put(holder, world, count, node, token)
  call('HSET', SEATS, holder, table.concat({world.name, world.serial, whole(count), node, token}, ':'))
end

local function expire_in(holder, ttl_us)
  call('ZADD', EXPIRIES, whole(now_us + tonumber(ttl_us)), holder)
end

local function erase(holder)
  call('HDEL', SEATS, holder)
  call('ZREM', EXPIRIES, holder)
end

-- Take seats back, in the order in which they ran out: a world is empty since the last of them.
local function expire(holders, expiries_us)
  local freed, since, worlds = {}, {}, {}
  for i, row in ipairs(call('HMGET', SEATS, unpack(holders))) do
    local held = holding(row)
    if held then
      local name = held.world.name
      if not freed[name] then worlds[#worlds + 1] = held.world end
      freed[name] = (freed[name] or 0) + held.count
      since[name] = expiries_us[i]
    end
  end
  for _, world in ipairs(worlds) do set_used(world, world.used - freed[world.name], since[world.name]) end
  call('HDEL', SEATS, unpack(holders))
  call('ZREM', EXPIRIES, unpack(holders))
end

local due = call('ZRANGE', EXPIRIES, '-inf', whole(now_us), 'BYSCORE', 'LIMIT', 0, AT_ONCE, 'WITHSCORES')
if #due > 0 then
  local holders, expiries_us = {}, {}
  for i = 1, #due, 2 do
    holders[#holders + 1] = due[i]
    expiries_us[#expiries_us + 1] = tonumber(due[i + 1])
  end
  expire(holders, expiries_us)
  if #holders == AT_ONCE then return {'AGAIN'} end
end
