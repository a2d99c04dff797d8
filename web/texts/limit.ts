import { count } from '../format.ts'

export const limitTexts = {
  per: {
    Second: 'second',
    Minute: 'minute',
    Hour: 'hour',
    Day: 'day',
    Week: 'week',
    Month: 'month',
    Year: 'year',
  },
  units: { Requests: 'requests', Bytes: 'bytes', Cost: 'of cost' },
  lifetime: 'in all',
  burst: (n: number) => `at most ${count(n)} at once`,
  zone: (zone: string) => `by the calendar of ${zone}`,
  anchored: 'since the subscription began',
  scopes: { Credential: 'for each key', Operation: 'for each operation' },
  of: (operations: string) => `only ${operations}`,
  flag: 'more is allowed, and flagged',
  exact: 'of all gateways together',
} as const
