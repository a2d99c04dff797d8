import { isIP } from 'node:net'
import { Document, isScalar, visit } from 'yaml'
import type { Listen, Mapping, MappedTarget } from './mapping.ts'

/**
 * Gateway API YAML that says what the mappings say: a Gateway, one HTTPRoute for each host, one Backend for each
 * mapping. `secret` is that of the listener's certificate, "" where it has none.
 */
export function resourcesOf(listen: Listen, mappings: readonly Mapping[], secret: string): string {
  const names = new Names()
  const byHost = Map.groupBy(mappings, mapping => mapping.host)
  const backends: object[] = []
  const routes = [...byHost].map(([host, those]) => {
    const route = names.take(host === '' ? 'any-host' : host.replace(/^\*\./, 'any.'))
    const rules = those.map(mapping => {
      const name = names.take(mapping.path === '/' ? route : `${route}${suffix(mapping.path)}`, 'backend')
      backends.push(backend(name, mapping.target))
      return rule(mapping, name)
    })
    return {
      ...head('gateway.networking.k8s.io/v1', 'HTTPRoute', route),
      spec: { parentRefs: [{ name: 'proxy' }], ...(host === '' ? {} : { hostnames: [host] }), rules },
    }
  })
  return [gateway(listen, secret), ...routes, ...backends]
    .map(one => objectYaml(one).toString(style))
    .join('---\n')
}

function gateway({ scheme, address, port }: Listen, secret: string): object {
  const tls = secret === '' ? {} : { tls: { certificateRefs: [{ name: secret }] } }
  return {
    ...head('gateway.networking.k8s.io/v1', 'Gateway', 'proxy'),
    spec: {
      gatewayClassName: 'portcullis',
      ...(address === '' ? {} : { addresses: [{ type: 'IPAddress', value: address }] }),
      listeners: [{ name: scheme, protocol: scheme.toUpperCase(), port, ...tls }],
    },
  }
}

/** A rule of an HTTPRoute that sends what begins with `path` to that Backend. */
export function rule({ path, target }: Pick<Mapping, 'path' | 'target'>, name: string): object {
  const matches = path === '/' ? {} : { matches: [{ path: { type: 'PathPrefix', value: path } }] }
  const rewrite = {
    // Everything in place of everything is no change.
    ...(target.prefix === '' || target.prefix === path
      ? {}
      : { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: target.prefix } }),
    ...(namesItself(target) ? { hostname: target.endpoints[0]!.address } : {}),
  }
  const filters =
    Object.keys(rewrite).length === 0 ? {} : { filters: [{ type: 'URLRewrite', urlRewrite: rewrite }] }
  return { ...matches, ...filters, backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name }] }
}

/** A server with a certificate of its name mostly serves that name alone. */
function namesItself({ protocol, endpoints }: MappedTarget): boolean {
  return protocol === 'https' && endpoints.length === 1 && isIP(endpoints[0]!.address) === 0
}

export function backend(name: string, { protocol, endpoints }: MappedTarget): object {
  const spec = protocol === 'http' ? { endpoints } : { protocol, endpoints }
  return { ...head('portcullis.dev/v1alpha1', 'Backend', name), spec }
}

/** What every object begins with. */
export function head(apiVersion: string, kind: string, name: string): object {
  return { apiVersion, kind, metadata: { name } }
}

/** `/api/v1` becomes `-api-v1`: of what objects may be called. */
function suffix(path: string): string {
  const words = path
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return words === '' ? '' : `-${words}`
}

/** Names of objects, each taken once for each purpose. */
class Names {
  private readonly taken = new Set<string>()

  take(wanted: string, purpose = 'route'): string {
    const base = wanted.slice(0, 240).replace(/[-.]+$/, '')
    let name = base
    for (let i = 2; this.taken.has(`${purpose} ${name}`); i++) name = `${base}-${i}`
    this.taken.add(`${purpose} ${name}`)
    return name
  }
}

/** Lines of any length, as `fmt` leaves them. */
export const style = { lineWidth: 0 } as const

/** An object that has only plain values stands on one line, as people write it, and as `fmt` leaves it. */
export function objectYaml(object: object): Document {
  const document = new Document(object)
  visit(document, {
    Map: (_, node) => void (node.flow = node.items.every(({ value }) => isScalar(value))),
  })
  return document
}
