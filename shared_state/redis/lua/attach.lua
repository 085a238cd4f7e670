#!lua
-- Become a writer of a world; make the world if it is new.
--
-- KEYS  1 state  2 cells  3 meta  4 log  5 sessions  6 leases  7 delta channel
-- ARGV  1 format  2 schema fingerprint  3 epoch for a new world  4 entity ids wanted
--       5 '1': the caller was a writer before, so a world that was deleted since is not made anew
--       6 most writers remembered  7 those kept when there are more  8 most leases before the expired ones go
-- Reply {'OK', epoch, version, stamp, incarnation, first id, end of ids}
--       {'FORMAT', found}   {'SCHEMA', found}   {'GONE'}
--       {'NOPERM', command}  the caller may not run a command that commits need
--
-- An incarnation is at least the milliseconds since 2026 on the store's clock, so a store that lost its newest data
-- does not give a number twice: two writers of one number would take each other's answers for their own.
local START_OF_2026 = 1767225600
local GONE = 'gone'      -- as epoch: the world was deleted (delete_world.lua)
local WRITER = 'b:'
local OTHER_FIELDS = 7   -- of meta, beside its writers
local SALT = 16
local HIGHEST = ':highest'    -- lease_take.lua tells of it, and has the layout of rows
local call, may = redis.call, redis.acl_check_cmd

-- Checked here once, because a commit that was refused at its last command would leave a half.
for _, key in ipairs({KEYS[1], KEYS[2], KEYS[3], KEYS[5]}) do
  if not may('HSET', key, 'f', 'v') then return {'NOPERM', 'HSET'} end
  if not may('HDEL', key, 'f') then return {'NOPERM', 'HDEL'} end
end
if not may('XADD', KEYS[4], '*', 'd', 'v') then return {'NOPERM', 'XADD'} end
if not may('SPUBLISH', KEYS[7], 'v') then return {'NOPERM', 'SPUBLISH'} end

-- Forgets all writers but those that committed last. One that is still there has to attach anew, as after any loss of
-- its answer, and finds in its sessions' rows what became of their commands.
local function forget_writers(kept)
  local writers, fields = {}, call('HGETALL', KEYS[3])
  for i = 1, #fields, 2 do
    local name, answer = fields[i], string.sub(fields[i + 1], 9)
    if string.sub(name, 1, #WRITER) == WRITER then
      local version = answer ~= '' and tonumber(cmsgpack.unpack(answer)[1]) or 0
      writers[#writers + 1] = {name = name, version = version, incarnation = tonumber(string.sub(name, #WRITER + 1))}
    end
  end
  table.sort(writers, function(a, b)
    if a.version ~= b.version then return a.version < b.version end
    return a.incarnation < b.incarnation
  end)
  for i = 1, #writers - kept do call('HDEL', KEYS[3], writers[i].name) end
end

-- Takes away the rows of leases that ran out, as those of nodes that died do, and remembers their highest number.
local function forget_leases()
  local time = call('TIME')
  local now_us = time[1] * 1000000 + time[2]
  local highest, fields = tonumber(call('HGET', KEYS[6], HIGHEST) or '') or 0, call('HGETALL', KEYS[6])
  for i = 1, #fields, 2 do
    if fields[i] ~= HIGHEST then
      local expiry_us, _, token = struct.unpack('>I8I8s', fields[i + 1])
      if expiry_us <= now_us then
        highest = math.max(highest, tonumber(string.sub(token, 1, -SALT - 1)))
        call('HDEL', KEYS[6], fields[i])
      end
    end
  end
  call('HSET', KEYS[6], HIGHEST, string.format('%.0f', highest))
end

local meta = call('HMGET', KEYS[3], 'format', 'schema', 'epoch', 'version', 'stamp', 'incarnation', 'next_id')
if not meta[1] then
  if meta[3] == GONE and ARGV[5] == '1' then return {'GONE'} end
  meta = {ARGV[1], ARGV[2], ARGV[3], '0', string.rep('\0', 8), '0', '1'}
  -- What an older history left must not meet the ids and versions of the new one. Leases stay: tokens only rise.
  call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
  call('HSET', KEYS[3], 'format', meta[1], 'schema', meta[2], 'epoch', meta[3], 'version', meta[4], 'stamp', meta[5])
end
if meta[1] ~= ARGV[1] then return {'FORMAT', meta[1]} end
if meta[2] ~= ARGV[2] then return {'SCHEMA', meta[2]} end
if call('HLEN', KEYS[3]) >= ARGV[6] + OTHER_FIELDS then forget_writers(tonumber(ARGV[7])) end
if call('HLEN', KEYS[6]) > tonumber(ARGV[8]) then forget_leases() end
local time = call('TIME')
local clock_ms = (time[1] - START_OF_2026) * 1000 + math.floor(time[2] / 1000)
local incarnation = string.format('%.0f', math.max(tonumber(meta[6]) + 1, clock_ms))
local first = tonumber(meta[7])
local last = string.format('%.0f', first + tonumber(ARGV[4]))
call('HSET', KEYS[3], 'incarnation', incarnation, 'next_id', last, WRITER .. incarnation, string.rep('\0', 8))
return {'OK', meta[3], meta[4], meta[5], incarnation, string.format('%.0f', first), last}
