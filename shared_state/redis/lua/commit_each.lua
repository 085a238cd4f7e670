-- Commit a batch step by step: check each transaction, write what holds, publish one delta. Atomic; resending is
-- harmless.
--
-- KEYS  1 state  2 cells  3 meta  4 log  5 sessions  6 leases  7 delta channel
-- ARGV  1 operations (one flat MessagePack array)  2 records, one after the other  (shared_state/redis/steps.py)
-- Reply {'OK', version, codes, heads}    codes: one letter a transaction, C R S G A (shared_state/batch.py)
--                                        heads: place, session head found there, place, head, ...
--       {'EPOCH', epoch now}             the world is in another epoch, or gone ('')
--       {'ORDER'}                        this incarnation is unknown, or its batch numbers do not follow on
--
-- Everything is decided in Lua tables first; the writes come last, and before the first of them every key has been
-- read by a command of its type. So a refusal leaves nothing half done.
-- Time goes into making values and functions, and into the bytes of strings: each byte of a new one is hashed. Hence
-- one flat array with places instead of names, what is rare behind a flag, and records that are taken apart only
-- where one does not commit or is completed here.
local CHUNK = 4000       -- arguments per call: unpack() fails near 8000
local TAIL = ':tail'     -- a session's row: its head under its name, the rest under its name and this
local read = struct.unpack

local batch, records = cmsgpack.unpack(ARGV[1]), ARGV[2]
local writer, number, before, epoch, stamp, log_length = unpack(batch, 1, 6)

local meta = call('HMGET', KEYS[3], 'epoch', 'version', 'stamp', writer)
local reply = settled(meta, epoch, number, before)
if reply then return reply end

-- What the batch refers to: arrays of stored values by place, false where there is none. The name of place p stands
-- in the batch at its list's base + p.
local function fetch(key, base, count)
  if count == 0 then return {} end
  if count <= CHUNK then return call('HMGET', key, unpack(batch, base + 1, base + count)) end
  local found = {}
  for first = 1, count, CHUNK do
    local final = math.min(first + CHUNK - 1, count)
    local values = call('HMGET', key, unpack(batch, base + first, base + final))
    for i = 1, #values do found[first + i - 1] = values[i] end
  end
  return found
end

local ids = 11
local cell_ids = ids + batch[7]
local session_ids = cell_ids + batch[8]
local lease_names = session_ids + batch[9]
local at = lease_names + batch[10] + 1    -- cursor: the next transaction
local state = fetch(KEYS[1], ids, batch[7])
local cells = fetch(KEYS[2], cell_ids, batch[8])
local sessions = fetch(KEYS[5], session_ids, batch[9])
local tokens = {}        -- of the leases that are held now
if batch[10] > 0 then
  local time = call('TIME')
  local now_us = time[1] * 1000000 + time[2]
  for place, row in ipairs(fetch(KEYS[6], lease_names, batch[10])) do
    if row then
      local expiry_us, _, token = read('>I8I8s', row)    -- lease_take.lua has the layout
      if expiry_us > now_us then tokens[place] = token end
    end
  end
end

-- What is to be written: field, value, ... A field may come twice: the last value stays.
local puts, put = {}, 0
local touches = {}
local moves, moved = {}, 0
local gone = {}          -- entities that were deleted, by place
local tails = {}         -- new tails of sessions by place; false: to be removed

-- Checks of what few transactions do: leases, scans, additions. Each list goes up to where the next one starts.
-- Takes the code of the other checks and returns that of all: a lost lease comes before a conflict.
local function judge_rare(code, guards, scans, adds, changes)
  for i = guards, scans - 1, 2 do
    if tokens[batch[i]] ~= batch[i + 1] then return 'G' end
  end
  if code ~= 'C' then return code end
  for i = scans, adds - 1, 2 do
    if (cells[batch[i]] or NO_TAG) ~= batch[i + 1] then return 'R' end
  end
  for i = adds, changes - 1, 8 do
    if not state[batch[i]] then return 'A' end
  end
  return 'C'
end

-- Add to counters, within bounds. Returns the record's last field: array of {id, tag, blob}.
local function add_all(first, stop)
  local added = {write('>BI4', 0xdd, (stop - first) / 8)}
  for i = first, stop - 1, 8 do
    local place, offset, delta, low, high, seen, tag, other_tag = unpack(batch, i, i + 7)
    local name, value = batch[ids + place], state[place]
    local from = TAG + offset + 1
    local sum = math.min(math.max(read('>d', value, from) + delta, low), high)
    if sub(value, 1, TAG) ~= seen then tag = other_tag end
    local blob = sub(value, TAG + 1, from - 1) .. write('>d', sum) .. sub(value, from + 8)
    state[place] = tag .. blob
    puts[put + 1], puts[put + 2] = name, state[place]
    put = put + 2
    local head = write('>BBI8BI4', 0x93, 0xcf, tonumber(name), 0xc6, TAG)
    added[#added + 1] = head .. tag .. write('>BI4', 0xc6, #blob) .. blob
  end
  return concat(added)
end

local codes, heads, committed = {}, {}, 0
local parts, from, upto = {}, 1, 1        -- of the records: what is cut out already, and the run that grows
for place = 1, batch[11] do
  local session, length = batch[at], batch[at + 3]
  local reads = at + 7
  local writes = reads + batch[at + 4]
  local rare = writes + batch[at + 5]
  local code, stop = 'C', rare
  local guards, scans, adds, changes
  if batch[at + 6] == 1 then
    guards = rare + 6
    scans = guards + batch[rare]
    adds = scans + batch[rare + 1]
    changes = adds + batch[rare + 2]
    stop = changes + batch[rare + 3]
  end

  if session > 0 and (sessions[session] or '') ~= batch[at + 1] then
    code = 'S'
    heads[#heads + 1] = place - 1
    heads[#heads + 1] = sessions[session] or ''
  else
    for i = reads, writes - 1, 2 do
      local value = state[batch[i]]
      if (value and sub(value, 1, TAG) or NO_TAG) ~= batch[i + 1] then code = 'R' end
    end
    if guards then code = judge_rare(code, guards, scans, adds, changes) end
  end
  codes[place] = code

  if code == 'C' and length > 0 then
    committed = committed + 1
    upto = upto + length
    if session > 0 then
      local become = batch[at + 2]
      if become ~= '' then
        sessions[session] = become
        moves[moved + 1] = batch[session_ids + session]
        moved = moved + 2
        moves[moved] = become
      else
        sessions[session] = false
        tails[session] = false
      end
    end
    for i = writes, rare - 1, 2 do
      local entity, value = batch[i], batch[i + 1]
      if value ~= '' then
        state[entity] = value
        puts[put + 1] = batch[ids + entity]
        put = put + 2
        puts[put] = value
      else
        state[entity] = false
        gone[entity] = true
      end
    end
    if guards then
      local tail, tag = batch[rare + 4], batch[rare + 5]
      if tail ~= '' and sessions[session] then tails[session] = tail end
      if adds < changes then
        parts[#parts + 1] = sub(records, from, upto - 2)
        parts[#parts + 1] = add_all(adds, changes)
        from = upto
      end
      for i = changes, stop - 1 do
        cells[batch[i]] = tag
        touches[#touches + 1] = batch[cell_ids + batch[i]]
        touches[#touches + 1] = tag
      end
    end
  elseif length > 0 then
    parts[#parts + 1] = sub(records, from, upto - 1)
    upto = upto + length
    from = upto
  end
  at = stop
end

local version = meta[2]
codes = concat(codes)
if committed == 0 then
  call('HSET', KEYS[3], writer, kept(number, version, codes, heads))
  return {'OK', version, codes, heads}
end
if from > 1 then
  parts[#parts + 1] = sub(records, from)
  records = concat(parts)
end

local function in_chunks(command, key, values, count)
  for first = 1, count, CHUNK do
    call(command, key, unpack(values, first, math.min(first + CHUNK - 1, count)))
  end
end

local drops, lost = {}, {}                -- fields of the state and of the sessions that go
for entity in pairs(gone) do
  if not state[entity] then drops[#drops + 1] = batch[ids + entity] end
end
for session, tail in pairs(tails) do
  local name = batch[session_ids + session]
  if tail then
    moves[moved + 1], moves[moved + 2] = name .. TAIL, tail
    moved = moved + 2
  else
    lost[#lost + 1] = name .. TAIL
    if not sessions[session] then lost[#lost + 1] = name end
  end
end

local delta
version, delta = logged(meta, epoch, stamp, log_length, committed, records)
in_chunks('HSET', KEYS[1], puts, put)
in_chunks('HDEL', KEYS[1], drops, #drops)
in_chunks('HSET', KEYS[2], touches, #touches)
in_chunks('HSET', KEYS[5], moves, moved)
in_chunks('HDEL', KEYS[5], lost, #lost)
call('HSET', KEYS[3], 'version', version, 'stamp', stamp, writer, kept(number, version, codes, heads))
call('SPUBLISH', KEYS[7], delta)
return {'OK', version, codes, heads}
