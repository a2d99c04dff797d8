const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const timeOfDay = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const shortTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const dayTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })

/** What stands where a value is not known. */
export const UNKNOWN = '–'

export function count(value: number): string {
  return plain.format(value)
}

/** "1 rule", "2 rules". */
export const some = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`

/** `0`, `0.04`, `3.2`, `340`, `12.4k`: three digits that count. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN
  if (value === 0) return '0'
  if (value < 0.01) return '<0.01'
  return scaled(value, 1000, ['', 'k', 'M', 'G'])
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN
  return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB'])
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let rest = value
  let unit = 0
  while (rest >= base * 0.9995 && unit < units.length - 1) {
    rest /= base
    unit++
  }
  const digits = rest >= 100 || Number.isInteger(rest) ? 0 : rest >= 10 ? 1 : 2
  return `${rest.toFixed(digits)}${units[unit] ?? ''}`
}

/** `0.42 ms`, `18 ms`, `1.24 s`, `2 min`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return UNKNOWN
  if (ms < 10) return `${Number(ms.toPrecision(2))} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Number((ms / 1000).toPrecision(3))} s`
  return span(ms / 1000)
}

/** `45 s`, `12 min`, `5 h`, `31 days`: the largest unit that says enough. */
export function span(seconds: number): string {
  const abs = Math.abs(seconds)
  if (abs < 90) return `${Math.round(abs)} s`
  if (abs < 90 * 60) return `${Math.round(abs / 60)} min`
  if (abs < 48 * 3600) return `${Math.round(abs / 3600)} h`
  return `${Math.round(abs / 86_400)} days`
}

/** A share of one: `0%`, `0.4%`, `12%`. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0%'
  if (value < 0.1) return '<0.1%'
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)}%`
}

export const clock = (at: string | Date): string => timeOfDay.format(new Date(at))
export const hourMinute = (at: string | Date): string => shortTime.format(new Date(at))
export const dayMinute = (at: string | Date): string => dayTime.format(new Date(at))
export const date = (at: string): string => day.format(new Date(at))

/** Where something is written: `shop.yaml:14:9`. */
export function place(at: {
  readonly file: string | null
  readonly line: number | null
  readonly column?: number | null
}): string {
  if (at.file === null || at.file === '') return ''
  return [at.file, at.line, at.column]
    .filter(part => part !== null && part !== undefined && part !== 0)
    .join(':')
}

/** `httproute/default/items/0` is `items/0`, `grpcroute/team/items/0` stays what it is: what is usual need not be said. */
export function shortRule(id: string): string {
  return id.replace(/^httproute\//, '').replace(/^((?:grpc|tls)route\/)?default\//, '$1')
}

/** `Service/default/items:80` is `Service/items:80`. */
export function shortCluster(name: string): string {
  return name.replace(/^([^/]+)\/default\//, '$1/')
}

/** `10.0.0.1:80`; a thread of the gateway itself, which answers for a composition, has no port. */
export function endpointName({ address, port }: { readonly address: string; readonly port: number }): string {
  if (address.startsWith('thread:')) return address.replace(':', ' ')
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
