/**
 * Takes from all counters of a request, or from none. By Redis's clock alone, so that nodes whose clocks differ count
 * alike; counters of one request have one hash tag, and so one slot of a cluster.
 *
 * KEYS: one for each. ARGV: of each `kind, cost, needs, interval or amount, burst, start, end, strict`.
 * - kind `r`: GCRA; the value is the time (µs) at which all that was taken will be paid for. `interval` µs of one unit.
 * - kind `q`: a counter of the window from `start` to `end` (ms; end 0: never), which must be that of now.
 * - needs: how much room there must be, which is the cost, or 1 where the cost is only known at the end.
 * - strict 1: no room refuses all; 0: no room is said, and a `q` counts on.
 *
 * Answers `{now, outcomes and values}`, now in µs: outcome 0 taken, 1 over, 2 denied; value µs ahead of now, or used.
 * `{now}` alone: a window is not that of now, and nothing was taken.
 */
const TAKE = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local nowText = string.format('%.0f', now)
local found, denied = {}, false
for i, key in ipairs(KEYS) do
  local a = (i - 1) * 8
  local needs, strict = tonumber(ARGV[a + 3]), ARGV[a + 8] == '1'
  local value, room = tonumber(redis.call('GET', key) or '0'), false
  if ARGV[a + 1] == 'r' then
    local interval = tonumber(ARGV[a + 4])
    value = math.max(0, value - now)
    room = value + needs * interval <= tonumber(ARGV[a + 5]) * interval
  else
    local ends = tonumber(ARGV[a + 7])
    if now < tonumber(ARGV[a + 6]) * 1000 or (ends > 0 and now >= ends * 1000) then return { nowText } end
    room = value + needs <= tonumber(ARGV[a + 4])
  end
  found[i] = { value, room }
  if strict and not room then denied = true end
end
local answer = { nowText }
for i, key in ipairs(KEYS) do
  local a = (i - 1) * 8
  local value, room = found[i][1], found[i][2]
  local cost, outcome = tonumber(ARGV[a + 2]), 0
  if not room then outcome = ARGV[a + 8] == '1' and 2 or 1 end
  if not denied and cost > 0 then
    if ARGV[a + 1] == 'q' then
      value = value + cost
      redis.call('SET', key, string.format('%.0f', value))
      local ends = tonumber(ARGV[a + 7])
      if ends > 0 then redis.call('PEXPIREAT', key, ends + 60000) end
    elseif room then
      value = value + cost * tonumber(ARGV[a + 4])
      redis.call('SET', key, string.format('%.0f', math.ceil(now + value)), 'PX', math.ceil(value / 1000) + 1000)
    end
  end
  answer[#answer + 1] = outcome
  answer[#answer + 1] = string.format('%.0f', value)
end
return answer
`

/** Adds to one counter without asking for room. KEYS[1]; ARGV: kind, cost (below 0: gives back), interval, end. */
const SETTLE = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local value, cost = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[2])
if ARGV[1] == 'q' then
  redis.call('SET', KEYS[1], string.format('%.0f', math.max(0, value + cost)))
  local ends = tonumber(ARGV[4])
  if ends > 0 then redis.call('PEXPIREAT', KEYS[1], ends + 60000) end
else
  local ahead = math.max(0, math.max(0, value - now) + cost * tonumber(ARGV[3]))
  redis.call('SET', KEYS[1], string.format('%.0f', math.ceil(now + ahead)), 'PX', math.ceil(ahead / 1000) + 1000)
end
return 1
`

/** A quota that is at least so much from now on. KEYS[1]; ARGV: used, end. */
const RAISE = `
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', tonumber(ARGV[1])))
local ends = tonumber(ARGV[2])
if ends > 0 then redis.call('PEXPIREAT', KEYS[1], ends + 60000) end
return 1
`

/** Whether the mark was there. KEYS[1]; ARGV: 1 to make it. */
const KEPT = `
local was = redis.call('EXISTS', KEYS[1])
if ARGV[1] == '1' then redis.call('SET', KEYS[1], '1') end
return was
`

/** Says that a node is there, and how many are. KEYS[1]; ARGV: node, how long it counts (ms). */
const NODES = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
`

/** What all others need: the clock, and to write. */
const PROBE = `
redis.call('SET', KEYS[1], redis.call('TIME')[1], 'PX', 60000)
return 1
`

export const scripts = {
  probe: PROBE,
  take: TAKE,
  settle: SETTLE,
  nodes: NODES,
  raise: RAISE,
  kept: KEPT,
} as const
