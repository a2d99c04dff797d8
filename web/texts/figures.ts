import { count } from '../format.ts'

export const figuresTexts = {
  requests: 'Requests',
  requestsPerS: 'Requests /s',
  errors: 'Errors',
  serverErrors: '5xx',
  clientErrors: '4xx',
  p50: 'p50',
  p99: 'p99',
  in: 'in',
  out: 'out',
  connections: 'Connections',
  active: (n: number) => `${count(n)} in flight`,
  traffic: 'Traffic',
  ofRequests: 'of requests',
  lastHour: 'Last hour',
  lastDay: 'Last day',
  range: 'Time that is shown',
} as const
