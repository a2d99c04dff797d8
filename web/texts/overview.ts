import { count, some } from '../format.ts'

export const overviewTexts = {
  title: 'Overview',
  problems: (errors: number, warnings: number) =>
    [
      errors > 0 ? `${count(errors)} error${errors === 1 ? '' : 's'}` : '',
      warnings > 0 ? `${count(warnings)} warning${warnings === 1 ? '' : 's'}` : '',
    ]
      .filter(part => part !== '')
      .join(', '),
  problemsTitle: 'What is wrong',
  allProblems: 'All problems',
  pending: (n: number) =>
    `${n >= 100 ? '100 or more' : some(n, 'subscription')} ${n === 1 ? 'waits' : 'wait'} for approval`,
  pendingLink: 'Look at them',
  held: (n: number) => `${count(n)} object${n === 1 ? ' is' : 's are'} served in the last good version`,
  requests: 'Requests and errors, per second',
  latency: 'Latency',
  worst: 'Worst routes',
  busiest: 'Busiest routes',
  sort: 'Order of the routes',
  noTraffic: 'No request in the last seconds',
  noTrafficHint: 'Ask something of the gateway, and it shows here within a second:',
  ill: 'Backends that are not well',
  allWell: 'Every endpoint serves.',
  connectionsFail: 'connections fail',
  noHistory: 'It has no history yet: it had no request, or a hundred others had more.',
  force: 'In force',
  snapshot: 'Snapshot',
  applied: 'applied',
  program: 'Program',
  workers: 'Workers',
  roles: 'Roles',
  sources: 'Read from',
  up: 'Up since',
  ports: 'Ports',
  objects: 'Objects',
  counts: (c: { gateways: number; listeners: number; rules: number; clusters: number; endpoints: number }) =>
    [
      some(c.gateways, 'gateway'),
      some(c.listeners, 'listener'),
      some(c.rules, 'rule'),
      some(c.clusters, 'cluster'),
      some(c.endpoints, 'endpoint'),
    ].join(', '),
  cpu: 'CPU',
  memory: 'Memory',
  route: 'Route',
  backend: 'Backend',
  state: 'State',
} as const
