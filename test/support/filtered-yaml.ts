/** What a gateway needs whose one route has these filters of its own, in this order. */
export interface Filtered {
  readonly port: number
  /** Filters of the rule, as YAML in a line each; a name alone is that of a Filter. */
  readonly filters: readonly string[]
  /** The specs of Filters, as YAML in a line. */
  readonly specs: Readonly<Record<string, string>>
  /** The port of the backend that it sends to. */
  readonly backend: number
  /** Further objects. */
  readonly more?: string
}

export const filteredYaml = ({ port, filters, specs, backend, more = '' }: Filtered): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, port: ${port}, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all }
spec:
  parentRefs: [{ name: web }]
  rules:
    - filters:
${filters.map(one => `        - ${one.startsWith('{') ? one : extensionRef(one)}\n`).join('')}      backendRefs: [{ group: portcullis.dev, kind: Backend, name: items }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items }
spec: { endpoints: [{ address: 127.0.0.1, port: ${backend} }] }
${Object.entries(specs)
  .map(
    ([name, spec]) => `---
apiVersion: portcullis.dev/v1alpha1
kind: Filter
metadata: { name: ${name} }
spec: ${spec}
`,
  )
  .join('')}${more}`

const extensionRef = (name: string): string =>
  `{ type: ExtensionRef, extensionRef: { group: portcullis.dev, kind: Filter, name: ${name} } }`
