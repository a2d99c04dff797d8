import { objectYaml, routedYaml } from './composed-yaml.ts'

/** What a gateway needs whose one route has these filters of its own, in this order. */
export interface Filtered {
  readonly port: number
  /** Filters of the rule, as YAML in a line each; a name alone is that of a Filter. */
  readonly filters: readonly string[]
  /** The specs of Filters, as YAML in a line. */
  readonly specs: Readonly<Record<string, string>>
  /** The port of the backend that it sends to. */
  readonly backend: number
  /** As a Backend says it; absent: http. */
  readonly protocol?: string
  /** Further objects. */
  readonly more?: string
}

export const filteredYaml = ({
  port,
  filters,
  specs,
  backend,
  protocol = 'http',
  more = '',
}: Filtered): string =>
  routedYaml(port, ruleOf(filters)) +
  objectYaml(
    'Backend',
    'items',
    `{ protocol: ${protocol}, endpoints: [{ address: 127.0.0.1, port: ${backend} }] }`,
  ) +
  Object.entries(specs)
    .map(([name, spec]) => objectYaml('Filter', name, spec))
    .join('') +
  more

const ruleOf = (filters: readonly string[]): string => `    - filters:
${filters.map(one => `        - ${one.startsWith('{') ? one : extensionRef(one)}\n`).join('')}      backendRefs: [{ group: portcullis.dev, kind: Backend, name: items }]
`

const extensionRef = (name: string): string =>
  `{ type: ExtensionRef, extensionRef: { group: portcullis.dev, kind: Filter, name: ${name} } }`
