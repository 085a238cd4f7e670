-- Commit a batch of which all holds: compare what it rests on, write what it leaves, publish one delta. Atomic;
-- resending is harmless.
--
-- KEYS  1 state  2 cells  3 meta  4 log  5 sessions  6 leases  7 delta channel
-- ARGV  1 claim  2 records, one after the other  3 what the claim rests on  (shared_state/redis/claim.py)
-- Reply version                          all of it committed
--       {'OK', version, codes, heads}    the answer to the same batch when it came before, by whichever script
--       {'DOUBT'}                        something is not as claimed; nothing was done: commit_each.lua tells what
--       {'EPOCH', epoch now}             the world is in another epoch, or gone ('')
--       {'ORDER'}                        this incarnation is unknown, or its batch numbers do not follow on
--
-- Before the first write every key has been read by a command of its type. So a refusal leaves nothing half done.
-- Time goes into making values. So lists go from the claim to the commands as arguments, never through a table, and
-- tags and heads are compared as one text for each key; not at all, if the newest batch is the one that the writer is
-- certain of: then nobody else has committed since, and nothing can be otherwise.
local NO_HEAD = string.rep('\255', 20)
local take = cmsgpack.unpack_limit
local claim, records, rests = ARGV[1], ARGV[2], ARGV[3]

local at, writer, number, before, epoch, stamp, log_length, codes, committed, certain,
  puts, drops, touches, rows, no_rows = take(claim, 14, 0)

local meta = call('HMGET', KEYS[3], 'epoch', 'version', 'stamp', writer)
local reply = settled(meta, epoch, number, before)
if reply then return reply end

-- Run a command on the next names or pairs of the claim, or of what it rests on.
local function run(command, key, next_at, ...)
  at = next_at
  return call(command, key, ...)
end

local function holds(key, count, claimed, length, none)
  if count == 0 then
    call('HLEN', key)
    return true
  end
  local found = run('HMGET', key, take(rests, count, at))
  for i = 1, count do
    local value = found[i]
    if not value then found[i] = none elseif #value > length then found[i] = sub(value, 1, length) end
  end
  return concat(found) == claimed
end

if meta[3] == certain then
  call('HLEN', KEYS[1])
  if touches > 0 then call('HLEN', KEYS[2]) end
  if rows > 0 or no_rows > 0 then call('HLEN', KEYS[5]) end
else
  local here = at
  local tags, cell_tags, heads, ids, cells, sessions
  at, tags, cell_tags, heads, ids, cells, sessions = take(rests, 6, 0)
  if not holds(KEYS[1], ids, tags, TAG, NO_TAG) then return {'DOUBT'} end
  if (cells > 0 or touches > 0) and not holds(KEYS[2], cells, cell_tags, TAG, NO_TAG) then return {'DOUBT'} end
  if sessions > 0 and not holds(KEYS[5], sessions, heads, #NO_HEAD, NO_HEAD) then return {'DOUBT'} end
  at = here
end

local version = meta[2]
if committed > 0 then
  local delta
  version, delta = logged(meta, epoch, stamp, log_length, committed, records)
  if puts > 0 then run('HSET', KEYS[1], take(claim, puts, at)) end
  if drops > 0 then run('HDEL', KEYS[1], take(claim, drops, at)) end
  if touches > 0 then run('HSET', KEYS[2], take(claim, touches, at)) end
  if rows > 0 then run('HSET', KEYS[5], take(claim, rows, at)) end
  if no_rows > 0 then run('HDEL', KEYS[5], take(claim, no_rows, at)) end
  call('HSET', KEYS[3], 'version', version, 'stamp', stamp, writer, kept(number, version, codes, {}))
  call('SPUBLISH', KEYS[7], delta)
else
  call('HSET', KEYS[3], writer, kept(number, version, codes, {}))
end
return version
