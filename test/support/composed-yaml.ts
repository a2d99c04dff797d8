/** What a gateway needs to serve compositions, each by a name. */
export interface Composed {
  readonly port: number
  /** By the prefix of the paths that it answers. */
  readonly paths: Readonly<Record<string, string>>
  /** The specs of compositions, as YAML in a line; those that are declared elsewhere are left out. */
  readonly specs?: Readonly<Record<string, string>>
  /** Ports of this machine. */
  readonly backends: Readonly<Record<string, number>>
}

/** A Gateway `web`, and an HTTPRoute `all` of it with these rules, as lines of YAML. */
export const routedYaml = (port: number, rules: string): string => `
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
${rules}`

/** A Gateway, its HTTPRoute, the compositions and the Backends of those. */
export const composedYaml = ({ port, paths, specs = {}, backends }: Composed): string =>
  routedYaml(port, rulesOf(paths)) +
  Object.entries(specs)
    .map(([name, spec]) => objectYaml('Composition', name, spec))
    .join('') +
  Object.entries(backends)
    .map(([name, at]) => objectYaml('Backend', name, `{ endpoints: [{ address: 127.0.0.1, port: ${at} }] }`))
    .join('')

const rulesOf = (paths: Composed['paths']): string =>
  Object.entries(paths)
    .map(
      ([path, name]) => `    - matches: [{ path: { value: ${path} } }]
      backendRefs: [{ group: portcullis.dev, kind: Composition, name: ${name} }]
`,
    )
    .join('')

/** An object of ours behind others. */
export const objectYaml = (kind: string, name: string, spec: string): string => `---
apiVersion: portcullis.dev/v1alpha1
kind: ${kind}
metadata: { name: ${name} }
spec: ${spec}
`

/** Asks again until it is so: what takes over, or is replaced, does so within seconds. */
export async function untilAnswered(url: string, wanted: (answer: unknown) => boolean): Promise<void> {
  for (;;) {
    const response = await fetch(url)
    const text = await response.text()
    if (response.status === 200 && wanted(JSON.parse(text))) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
