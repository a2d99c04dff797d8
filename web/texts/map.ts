import { count } from '../format.ts'

export const mapTexts = {
  title: 'Map',
  about: 'What enters, and where it goes. Numbers are requests per second, now.',
  filter: 'Filter by route, host or path',
  columns: ['Gateways', 'Listeners', 'Routes', 'Clusters', 'Endpoints'],
  more: (shown: number, total: number) =>
    `${count(shown)} of ${count(total)} rules are drawn: first those with errors, then the busiest. The filter finds the others.`,
  moreEndpoints: (n: number) => `${count(n)} more`,
  nothing: 'Nothing is served yet',
  nothingHint:
    'A Gateway with a listener, a route and a Backend make the first line of this map. To begin from a folder with comments:',
  noMatch: 'No rule takes this filter',
  perSecond: (text: string) => `${text}/s`,
  expires: (when: string) => `certificate: ${when}`,
  answers: (what: string) => `answers ${what}`,
  refused: 'closed',
  notServed: 'not served',
  panics: 'nobody left out',
  to: 'to',
  anyHost: 'any host',
  drawing: 'Map of the traffic',
  legend: {
    good: 'serves',
    warn: 'in part, or soon to expire',
    bad: 'does not serve',
    quiet: 'no traffic',
  },
} as const
