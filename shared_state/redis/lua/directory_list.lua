-- Read a page of worlds in the order of kind:name.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 kind, '' for all  2 only those with free seats, 1 or 0  3 private ones too, 1 or 0
--       4 cursor, '' to begin  5 most entries  6 most worlds to examine  7... metadata wanted: name, JSON text, ...
-- Reply {cursor of the next page, '' after the last; name, row, seats used; name, row, seats used; ...}
local kind, cursor, limit, examined = ARGV[1], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

local function metadata_holds(fields)
  local has = {}
  for i = 7, #fields, 2 do has[fields[i]] = fields[i + 1] end
  for i = 7, #ARGV, 2 do
    if has[ARGV[i]] ~= ARGV[i + 1] then return false end
  end
  return true
end

local function wanted(world)
  if world.private and ARGV[3] == '0' then return false end
  if world.used == world.seats and ARGV[2] == '1' then return false end
  return metadata_holds(world.fields)
end

local first, last = '-', '+'
if kind ~= '' then first, last = '[' .. kind .. ':', '(' .. kind .. ';' end    -- ';' comes next after ':'
if cursor ~= '' then first = '(' .. cursor end
local members, names = call('ZRANGE', NAMES, first, last, 'BYLEX', 'LIMIT', 0, examined + 1), {}
local page, found = {''}, 0
if #members == 0 then return page end
for place, member in ipairs(members) do names[place] = string.match(member, ':(.*)$') end
local rows, used = call('HMGET', WORLDS, unpack(names)), call('HMGET', USED, unpack(names))
for place, member in ipairs(members) do
  local world = read_world(names[place], rows[place], used[place])
  if wanted(world) then
    found = found + 1
    for _, part in ipairs({world.name, world.row, whole(world.used)}) do page[#page + 1] = part end
  end
  if found == limit or place == examined then
    if place < #members then page[1] = member end
    break
  end
end
return page
