import { stringify } from 'yaml'
import { Authority, tlsSecret } from '../support/certificates.ts'

/** Ports of an invented shop. */
export interface Ports {
  readonly http: number
  readonly https: number
  /** Where everything but the search runs, on many addresses of 127/8. */
  readonly services: number
  readonly search: number
}

export const services = [
  'catalog',
  'cart',
  'images',
  'search',
  'checkout',
  'reviews',
  'orders',
  'login',
  'stock',
  'reports',
] as const

/** Its files, by their names. */
export async function shopResources(ports: Ports): Promise<Readonly<Record<string, string>>> {
  return {
    'gateway.yaml': gatewayYaml(ports),
    'backends.yaml': backendsYaml(ports),
    'certificates.yaml': await certificatesYaml(),
    ...Object.fromEntries(services.map(name => [`${name}.yaml`, routeYaml(name)])),
    'legacy.yaml': legacyYaml,
  }
}

/** Of two certificates the one that clients are shown ends in nine days. */
async function certificatesYaml(): Promise<string> {
  const authority = await Authority.make('Example CA', 3650)
  const shop = await authority.issue({ names: ['*.shop.example', 'shop.example'], days: 9.2, age: 81 })
  const partner = await authority.issue({ names: ['partner.example'], days: 71 })
  return [tlsSecret('shop', shop), tlsSecret('partner', partner)]
    .map(secret => stringify(secret))
    .join('---\n')
}

function gatewayYaml({ http, https }: Ports): string {
  return `# The front door: everything enters here.
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners:
    - name: https
      protocol: HTTPS
      port: ${https}
      hostname: "*.shop.example"
      tls: { certificateRefs: [{ name: shop }] }
    - name: partner
      protocol: HTTPS
      port: ${https}
      hostname: partner.example
      tls: { certificateRefs: [{ name: partner }] }
    - { name: http, protocol: HTTP, port: ${http} }
`
}

function backendsYaml({ services: port, search }: Ports): string {
  const backends = services.map((name, i) => {
    const addresses =
      name === 'search'
        ? ['127.0.3.11', '127.0.3.12']
        : Array.from({ length: 1 + ((i * 5) % 3) }, (_, k) => `127.0.${i + 10}.${k + 11}`)
    const at = name === 'search' ? search : port
    return `apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: ${name} }
spec:
  endpoints:
${addresses.map(address => `    - { address: ${address}, port: ${at} }\n`).join('')}`
  })
  return [...backends, backends[4]!.replaceAll('checkout', 'checkout-next')].join('---\n')
}

export function routeYaml(name: string): string {
  const backends =
    name === 'checkout'
      ? `        - { group: portcullis.dev, kind: Backend, name: checkout, weight: 9 }
        - { group: portcullis.dev, kind: Backend, name: checkout-next, weight: 1 }`
      : `        - { group: portcullis.dev, kind: Backend, name: ${name} }`
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: front }]
  hostnames: [shop.example, www.shop.example]
  rules:
    - matches:
        - path: { type: PathPrefix, value: /${name} }
      filters:
        - type: URLRewrite
          urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } }
        - type: ResponseHeaderModifier
          responseHeaderModifier: { set: [{ name: X-Frame-Options, value: DENY }] }
      timeouts: { request: 10s }
      backendRefs:
${backends}
`
}

const legacyYaml = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: legacy }
spec:
  parentRefs: [{ name: front }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /legacy } }]
      filters:
        - type: RequestRedirect
          requestRedirect: { scheme: https, hostname: www.shop.example, statusCode: 301 }
`

/** A route with a filter that there is not: what is written wrong in a reload. */
export function brokenRoute(name: string): string {
  return routeYaml(name).replace('type: URLRewrite', 'type: URLRewrit')
}
