#!lua
-- Commit a batch of transactions: check each, write what holds, publish one delta. Atomic; resending is harmless.
--
-- KEYS  1 state  2 cells  3 meta  4 log  5 sessions  6 leases  7 delta channel
-- ARGV  1 batch (one flat MessagePack array, shared_state/batch.py)
-- Reply {'OK', version, codes, heads}    codes: one letter a transaction, C R S G A (shared_state/batch.py)
--                                        heads: place, session head found there, place, head, ...
--       {'EPOCH', epoch now}             the world is in another epoch, or gone ('')
--       {'ORDER'}                        this incarnation is unknown, or its batch numbers do not follow on
--
-- Everything is decided in Lua tables first; the writes come last, and before the first of them every key has been
-- read by a command of its type. So a refusal leaves nothing half done.
-- Time goes into strings and tables, not into bytes: hence the flat batch with cursors and places instead of names.
local TAG = 8
local CHUNK = 4000       -- arguments per call: unpack() fails near 8000
local NO_TAG = string.rep('\0', TAG)
local NONE_ADDED = '\144'
local TAIL = ':tail'     -- a session's row: its head under its name, the rest under its name and this
local call, sub, concat, read, write = redis.call, string.sub, table.concat, struct.unpack, struct.pack

local batch = cmsgpack.unpack(ARGV[1])
local incarnation, number, before, epoch, stamp, log_length = unpack(batch, 1, 6)

local writer = 'b:' .. incarnation
local meta = call('HMGET', KEYS[3], 'epoch', 'version', 'stamp', writer)
if meta[1] ~= epoch then return {'EPOCH', meta[1] or ''} end
local last = meta[4]
if not last then return {'ORDER'} end
local last_number = sub(last, 1, 8)
if last_number == number then
  local answer = cmsgpack.unpack(sub(last, 9))
  return {'OK', answer[1], answer[2], answer[3]}
end
if last_number ~= before then return {'ORDER'} end

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
      local token, expiry_us = read('>I8I8', row)
      if expiry_us > now_us then tokens[place] = string.format('%.0f', token) end
    end
  end
end

-- Checks of one transaction: each looks at the values of the batch from first up to, not including, stop.
local function tags_hold(first, stop, current)
  for i = first, stop - 1, 2 do
    local value = current[batch[i]]
    if (value and sub(value, 1, TAG) or NO_TAG) ~= batch[i + 1] then return false end
  end
  return true
end

local function guards_hold(first, stop)
  for i = first, stop - 1, 2 do
    if tokens[batch[i]] ~= batch[i + 1] then return false end
  end
  return true
end

local function targets_exist(first, stop)
  for i = first, stop - 1, 8 do
    if not state[batch[i]] then return false end
  end
  return true
end

-- Places that the batch changes, each once, in order.
local state_order, cells_order, sessions_order = {}, {}, {}
local state_changed, cells_changed, sessions_changed = {}, {}, {}
local tails = {}         -- new tails of sessions by place; false: to be removed

local function note(place, changed, order)
  if not changed[place] then
    changed[place] = true
    order[#order + 1] = place
  end
end

local function whole(n)  -- as MessagePack uint64
  return '\207' .. write('>I8', n)
end

local function bin(s)
  return '\198' .. write('>I4', #s) .. s
end

local function array(length)
  return '\221' .. write('>I4', length)
end

-- Add to counters, within bounds. Returns the record's last field: array of {id, tag, blob}.
local function add_all(first, stop)
  local added = {array((stop - first) / 8)}
  for i = first, stop - 1, 8 do
    local place, offset, delta, low, high, seen, tag, other_tag = unpack(batch, i, i + 7)
    local value = state[place]
    local from = TAG + offset + 1
    local sum = math.min(math.max(read('>d', value, from) + delta, low), high)
    if sub(value, 1, TAG) ~= seen then tag = other_tag end
    local blob = sub(value, TAG + 1, from - 1) .. write('>d', sum) .. sub(value, from + 8)
    state[place] = tag .. blob
    note(place, state_changed, state_order)
    added[#added + 1] = '\147' .. whole(tonumber(batch[ids + place])) .. bin(tag) .. bin(blob)
  end
  return concat(added)
end

local codes, heads = {}, {}
local parts, committed = {''}, 0          -- of the delta: its head, then two a record
for place = 1, batch[11] do
  local session, record = batch[at], batch[at + 5]
  local reads = at + 12
  local scans = reads + batch[at + 6]
  local guards = scans + batch[at + 7]
  local writes = guards + batch[at + 8]
  local adds = writes + batch[at + 9]
  local moves = adds + batch[at + 10]
  local stop = moves + batch[at + 11]

  local code = 'C'
  if session > 0 and (sessions[session] or '') ~= batch[at + 1] then code = 'S'
  elseif guards < writes and not guards_hold(guards, writes) then code = 'G'
  elseif not tags_hold(reads, scans, state) then code = 'R'
  elseif scans < guards and not tags_hold(scans, guards, cells) then code = 'R'
  elseif adds < moves and not targets_exist(adds, moves) then code = 'A'
  end
  codes[place] = code

  if code == 'S' then
    heads[#heads + 1] = place - 1
    heads[#heads + 1] = sessions[session] or ''
  elseif code == 'C' and record ~= '' then
    if session > 0 then
      local become, tail = batch[at + 2], batch[at + 3]
      sessions[session] = become ~= '' and become
      if become == '' then tails[session] = false elseif tail ~= '' then tails[session] = tail end
      note(session, sessions_changed, sessions_order)
    end
    for i = writes, adds - 1, 2 do
      local value = batch[i + 1]
      state[batch[i]] = value ~= '' and value
      note(batch[i], state_changed, state_order)
    end
    committed = committed + 1
    parts[2 * committed] = record
    parts[2 * committed + 1] = adds < moves and add_all(adds, moves) or NONE_ADDED
    for i = moves, stop - 1 do
      cells[batch[i]] = batch[at + 4]
      note(batch[i], cells_changed, cells_order)
    end
  end
  at = stop
end

local function in_chunks(command, key, values)
  local count = #values
  if count > 0 and count <= CHUNK then
    call(command, key, unpack(values))
  else
    for first = 1, count, CHUNK do call(command, key, unpack(values, first, math.min(first + CHUNK - 1, count))) end
  end
end

local function store(key, base, order, current, new_tails)
  local puts, drops, n = {}, {}, 0
  for i = 1, #order do
    local place = order[i]
    local name, value, tail = batch[base + place], current[place], new_tails[place]
    if value then
      puts[n + 1], puts[n + 2] = name, value
      n = n + 2
    else
      drops[#drops + 1] = name
    end
    if tail then
      puts[n + 1], puts[n + 2] = name .. TAIL, tail
      n = n + 2
    elseif tail == false then
      drops[#drops + 1] = name .. TAIL
    end
  end
  in_chunks('HSET', key, puts)
  in_chunks('HDEL', key, drops)
end

local version = meta[2]
codes = concat(codes)
if committed == 0 then
  call('HSET', KEYS[3], writer, number .. cmsgpack.pack({version, codes, heads}))
  return {'OK', version, codes, heads}
end
local next_version = version + 1
version = string.format('%.0f', next_version)
parts[1] = '\149\217' .. string.char(#epoch) .. epoch .. whole(next_version) .. bin(meta[3]) .. bin(stamp) .. array(committed)
local delta = concat(parts)
call('XADD', KEYS[4], 'MAXLEN', '~', log_length, version .. '-0', 'd', delta)
store(KEYS[1], ids, state_order, state, {})
store(KEYS[2], cell_ids, cells_order, cells, {})
store(KEYS[5], session_ids, sessions_order, sessions, tails)
call('HSET', KEYS[3], 'version', version, 'stamp', stamp, writer, number .. cmsgpack.pack({version, codes, heads}))
call('SPUBLISH', KEYS[7], delta)
return {'OK', version, codes, heads}
