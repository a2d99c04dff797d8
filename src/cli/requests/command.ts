import type { RequestFilter } from '../../admin/shapes/requests.ts'
import { adminUrl, data, output, token } from '../command/flags.ts'
import { UsageError, type Command, type Flag, type Given } from '../command/flag.ts'
import { oneOf } from '../command/values.ts'

const text = (name: keyof RequestFilter, placeholder: string, help: string): Flag<string> => ({
  name,
  placeholder,
  fallback: '',
  help,
  parse: value => value,
})

const status: Flag<string> = {
  ...text('status', '500|5xx|error', 'Those of this status, of this class, or all that went wrong.'),
  parse: value => {
    if (value !== '' && !/^([1-5]\d\d|[1-5]xx|error)$/.test(value))
      throw new UsageError(`"${value}" is no status, expected one such as 404, 5xx or error`)
    return value
  },
}

const filters = [
  status,
  text('method', 'METHOD', 'Those of this method.'),
  text('route', 'ID', 'Those of this rule, such as httproute/default/shop/0.'),
  text('host', 'HOST', 'Those for this host.'),
  text('path', 'PREFIX', 'Those whose path begins so.'),
  text('client', 'ADDRESS', 'Those of this client.'),
  text('cluster', 'NAME', 'Those that went to this cluster, such as Backend/default/items.'),
  text('failure', 'NAME', 'Those with this failure, or that broke this rule of the codec.'),
] as const

const minDuration: Flag<number> = {
  name: 'min-duration',
  placeholder: 'MS',
  fallback: '0',
  help: 'Those that took so many milliseconds, or more.',
  parse: wholeNumber,
}

const keep: Flag<'all' | 'errors' | 'slow'> = {
  name: 'keep',
  placeholder: 'all|errors|slow',
  fallback: 'all',
  help: 'Only what is kept for longer: what went wrong, or was slow for its route.',
  parse: oneOf('all', 'errors', 'slow'),
}

const lines: Flag<number> = {
  name: 'lines',
  short: 'n',
  placeholder: 'N',
  fallback: '10',
  help: 'So many of those that have ended already are shown first, at most 1000.',
  parse: value => {
    const number = wholeNumber(value)
    if (number > 1_000) throw new UsageError(`${value} is too many, expected 1000 at most`)
    return number
  },
}

const once: Flag<boolean> = {
  name: 'once',
  fallback: '',
  help: 'End when those are shown.',
  parse: value => value === 'true',
}

export const tail: Command = {
  name: 'tail',
  operands: '',
  summary: 'Show the requests of a running gateway as they end.',
  details: [
    'Filters may be combined. Of more than 200 requests a second not all are shown: what went wrong or was slow is, and standard error says how many others there were.',
    'With -o json each line is a request, as GET /v1/requests has it. `portcullis explain --exchange ID` tells more of one.',
  ],
  flags: [output, ...filters, minDuration, keep, lines, once, adminUrl, token, data],
  run: async given => {
    const { adminClient } = await import('../command/admin-client.ts')
    const { tail: show } = await import('./tail.ts')
    const options = { filter: filterOf(given), lines: given.get(lines), follow: !given.get(once) }
    return show(adminClient(given), { ...options, output: given.get(output) })
  },
}

/** What was not given is not asked for. */
function filterOf(given: Given): RequestFilter {
  const texts = filters.map(flag => [flag.name, given.get(flag)] as const).filter(([, value]) => value !== '')
  const least = given.get(minDuration)
  const kept = given.get(keep)
  return {
    ...Object.fromEntries(texts),
    ...(least > 0 && { minDurationMs: least }),
    ...(kept !== 'all' && { keep: kept }),
  }
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`"${value}" is no number, expected one such as 100`)
  return Number(value)
}
