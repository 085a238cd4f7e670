#!lua
-- What the two ways to commit share: who may, and what the log and the writer's next sending find. Put in front of
-- commit_whole.lua and commit_each.lua, whose headers tell KEYS and ARGV.
local TAG = 8
local NO_TAG = '\0\0\0\0\0\0\0\0'
local call, sub, concat, write = redis.call, string.sub, table.concat, struct.pack

-- The reply to a batch that is not the writer's next one: the world is in another epoch, the batch came before, or one
-- is missing. Nil: it is the next one. Meta: epoch, version, stamp, and the answer to the writer's last batch.
local function settled(meta, epoch, number, before)
  if meta[1] ~= epoch then return {'EPOCH', meta[1] or ''} end
  local last = meta[4]
  if not last then return {'ORDER'} end
  local last_number = sub(last, 1, 8)
  if last_number == number then
    local answer = cmsgpack.unpack(sub(last, 9))
    return {'OK', answer[1], answer[2], answer[3]}
  end
  if last_number ~= before then return {'ORDER'} end
end

-- What is kept for the case that the batch comes again.
local function kept(number, version, codes, heads)
  return number .. cmsgpack.pack({version, codes, heads})
end

-- Logs a batch as the next version. Returns: that version, as text; the delta (shared_state/delta.py), to be published.
local function logged(meta, epoch, stamp, log_length, committed, records)
  local number = meta[2] + 1
  local version = string.format('%.0f', number)
  local delta = write('>BBB', 0x95, 0xd9, #epoch) .. epoch
    .. write('>BI8BI4', 0xcf, number, 0xc6, #meta[3]) .. meta[3]
    .. write('>BI4', 0xc6, #stamp) .. stamp .. write('>BI4', 0xdd, committed) .. records
  call('XADD', KEYS[4], 'MAXLEN', '~', log_length, version .. '-0', 'd', delta)
  return version, delta
end

