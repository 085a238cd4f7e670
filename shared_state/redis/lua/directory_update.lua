-- Give a world other metadata.
--
-- KEYS  as in directory_ledger.lua
-- ARGV  1 name  2... metadata: name, JSON text, ...
-- Reply 1; 0: there is no such world
local world = world_of(ARGV[1])
if not world then return 0 end
local fields = {unpack(world.fields, 1, 6)}
for i = 2, #ARGV do fields[#fields + 1] = ARGV[i] end
call('HSET', WORLDS, world.name, cmsgpack.pack(fields))
return 1
