#!lua flags=no-writes
-- Name the commands that the caller may not run. None of them is run.
--
-- KEYS  none
-- ARGV  commands with arguments like those that they will get, words parted by spaces
-- Reply {place among ARGV, from 1, ...}
local forbidden = {}
for place, command in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(command, '%S+') do words[#words + 1] = word end
  if not redis.acl_check_cmd(unpack(words)) then forbidden[#forbidden + 1] = place end
end
return forbidden
