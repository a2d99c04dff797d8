import type { Usage, UsageSums } from './shapes/usage.ts'

const sums = [
  'requests',
  'denied',
  'errors',
  'overQuota',
  'requestBytes',
  'responseBytes',
  'cost',
] as const satisfies readonly (keyof UsageSums)[]

/** RFC 4180, with a header. Names of applications and accounts stand beside their ids. */
export function usageCsv({ step, groupBy, items, names }: Usage): string {
  const columns = groupBy.flatMap(name => (isNamed(name) ? [name, `${name}Name`] : [name]))
  const lines = items.map(({ at, by, ...counts }) => [
    ...(step === 'total' ? [] : [cell(at ?? '')]),
    ...groupBy.flatMap(name => {
      const value = by[name] ?? ''
      return isNamed(name) ? [cell(value), cell(names[value] ?? '')] : [cell(value)]
    }),
    ...sums.map(name => String(counts[name])),
  ])
  const head = [...(step === 'total' ? [] : ['at']), ...columns, ...sums]
  return [head, ...lines].map(line => `${line.join(',')}\r\n`).join('')
}

function isNamed(dimension: string): boolean {
  return dimension === 'application' || dimension === 'account'
}

/** What a spreadsheet would take for a formula is text to it (OWASP, CSV Injection): names are chosen by consumers. */
function cell(text: string): string {
  const safe = /^[\s]*[=+\-@]|^[\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
