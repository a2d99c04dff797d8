import { join } from 'node:path'
import type { OutputFormat } from './options.ts'
import { isNamespaceName } from '../../model/metadata.ts'
import { quantityBytes } from '../../model/quantity.ts'
import { UsageError, type Flag } from './flag.ts'
import { roleNames, roleSelection, type RoleSelection } from './role-selection.ts'
import type { LogLevel } from '../../telemetry/log.ts'
import {
  accessLogTarget,
  gatewayUrl,
  hostPort,
  listOf,
  oneOf,
  ownZone,
  textOrFile,
  workerCount,
} from './values.ts'
import { gatewayServiceTypes, type GatewayServiceType } from '../../translation/gateway-services.ts'
import type { Published } from '../../kubernetes/status/published.ts'
import type { OwnZone } from '../../upstream/choice/place.ts'
import type { AccessLogTarget, HostPort } from './values.ts'

// Flags that several commands have.

export const roles: Flag<RoleSelection> = {
  name: 'roles',
  placeholder: 'ROLE,…',
  env: 'PORTCULLIS_ROLES',
  fallback: 'all',
  help: 'Parts that this process plays: all that this version has, or a list of them. With a minus (-management) all but that, and what it would protect is served without.',
  choices: ['all', ...roleNames, ...roleNames.map(name => `-${name}`)],
  parse: roleSelection,
}

export const kubernetes: Flag<boolean> = {
  name: 'kubernetes',
  env: 'PORTCULLIS_KUBERNETES',
  fallback: '',
  help: 'Serve the objects of a cluster, beside those of PATHs where there are any: by KUBECONFIG, as the Pod that this is, or by ~/.kube/config.',
  parse: text => text !== '' && oneOf('true', 'false')(text) === 'true',
}

export const kubeconfig: Flag<string> = {
  name: 'kubeconfig',
  placeholder: 'FILE',
  env: 'PORTCULLIS_KUBECONFIG',
  fallback: '',
  help: 'For --kubernetes: the file that says where the cluster is, and who asks.',
  parse: text => text,
}

export const kubernetesContext: Flag<string> = {
  name: 'context',
  placeholder: 'NAME',
  env: 'PORTCULLIS_CONTEXT',
  fallback: '',
  help: 'For --kubernetes: a context of the kubeconfig other than the current one.',
  parse: text => text,
}

export const namespaces: Flag<readonly string[]> = {
  name: 'namespace',
  placeholder: 'NAME,…',
  env: 'PORTCULLIS_NAMESPACE',
  fallback: '',
  help: 'For --kubernetes: only objects of these namespaces, and those that belong to none as far as they may be seen.',
  parse: listOf(text => {
    if (isNamespaceName(text)) return text
    throw new UsageError(`"${text}" is no namespace, expected lower-case letters, digits and "-"`)
  }),
}

export const publish: Flag<Published> = {
  name: 'publish',
  placeholder: 'ADDRESS,…|service/NAMESPACE/NAME',
  env: 'PORTCULLIS_PUBLISH',
  fallback: '',
  help: 'For --kubernetes: where Gateways that name no addresses are reached, for their status: IP addresses or names, or the Service whose balancer has them.',
  parse: text => {
    const [, namespace, name] = /^service\/([^/]+)\/([^/]+)$/.exec(text) ?? []
    if (namespace !== undefined && name !== undefined) return { service: { namespace, name } }
    return { addresses: listOf(one => one)(text) }
  },
}

export const gatewayServices: Flag<GatewayServiceType | null> = {
  name: 'gateway-services',
  placeholder: 'TYPE|off',
  env: 'PORTCULLIS_GATEWAY_SERVICES',
  fallback: 'off',
  help: 'For --kubernetes: each Gateway gets a Service of this type, made like that of --publish, and so an address of its own: two may have the same port. LoadBalancer, NodePort or ClusterIP.',
  choices: ['off', ...gatewayServiceTypes],
  parse: text => {
    const type = oneOf('off', ...gatewayServiceTypes)(text)
    return type === 'off' ? null : type
  },
}

export const noGatewayAliases: Flag<boolean> = {
  name: 'no-gateway-aliases',
  env: 'PORTCULLIS_NO_GATEWAY_ALIASES',
  fallback: '',
  help: 'For --gateway-services: make no Service of type ExternalName in the namespace of each Gateway that leads to its own. It needs rights to Services there.',
  parse: text => text !== '' && oneOf('true', 'false')(text) === 'true',
}

export const onlyGateway: Flag<{ readonly namespace: string; readonly name: string } | null> = {
  name: 'only-gateway',
  placeholder: 'NAMESPACE/NAME',
  env: 'PORTCULLIS_ONLY_GATEWAY',
  fallback: '',
  help: 'For --gateway-services: serve this Gateway alone, as part of its data plane (GatewayParameters), and write nothing into the cluster. Set in the Deployments that are made for Gateways.',
  parse: text => {
    if (text === '') return null
    const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9][a-z0-9.-]*)$/.exec(text) ?? []
    if (namespace !== undefined && name !== undefined) return { namespace, name }
    throw new UsageError(`"${text}" is no Gateway, expected NAMESPACE/NAME`)
  },
}

export const lease: Flag<{ readonly namespace: string; readonly name: string }> = {
  name: 'lease',
  placeholder: '[NAMESPACE/]NAME',
  env: 'PORTCULLIS_LEASE',
  fallback: 'portcullis',
  help: 'For --kubernetes: the Lease by which one of the replicas writes statuses; in the namespace of the Pod or context where none is said.',
  parse: text => {
    const [, namespace = '', name] = /^(?:([a-z0-9-]+)\/)?([a-z0-9][a-z0-9.-]*)$/.exec(text) ?? []
    if (name !== undefined) return { namespace, name }
    throw new UsageError(`"${text}" is no name of a Lease, expected NAME or NAMESPACE/NAME`)
  },
}

export const workers: Flag<number | 'auto'> = {
  name: 'workers',
  placeholder: 'N|auto',
  env: 'PORTCULLIS_WORKERS',
  fallback: 'auto',
  help: 'Threads that carry traffic; auto is one for each core that the process may use.',
  parse: workerCount,
}

export const zone: Flag<OwnZone | null> = {
  name: 'zone',
  placeholder: 'NAME[=PERCENT]',
  env: 'PORTCULLIS_ZONE',
  fallback: '',
  help: 'Where this process runs, as endpoints say it of themselves: those of its zone are preferred where a policy says so. With a number (a=40), so much of all requests comes in by gateways of this zone; without, as much by each zone.',
  parse: ownZone,
}

export const data: Flag<string> = {
  name: 'data',
  placeholder: 'DIR',
  env: 'PORTCULLIS_DATA',
  fallback: stateDirectory(),
  help: 'Folder for what must survive a restart, for the authority of `cert`, and for compiled code that makes the next start faster. One gateway at a time has it, and commands find that by its socket there; where it is not named and cannot be had, a gateway runs without.',
  parse: text => {
    if (text === '') throw new UsageError('is empty, expected a folder')
    return text
  },
}

export const certificates: Flag<string> = {
  name: 'certificates',
  placeholder: 'DIR',
  env: 'PORTCULLIS_CERTIFICATES',
  fallback: '',
  help: 'Folder for accounts with authorities (ACME) and the certificates that they issue, which replicas may share; "certificates" in that of --data where absent.',
  parse: text => text,
}

export const secrets: Flag<string> = {
  name: 'secrets',
  placeholder: 'DIR',
  env: 'PORTCULLIS_SECRETS',
  fallback: '',
  help: 'Folder for the token of the admin listener (admin-token), which is made where it is not there; "secrets" in that of --data where absent.',
  parse: text => text,
}

export const environment: Flag<string> = {
  name: 'environment',
  placeholder: 'NAME',
  env: 'PORTCULLIS_ENVIRONMENT',
  fallback: 'live',
  help: 'What this place is called: it is part of every key that is issued here, and a key of another place is not taken.',
  parse: text => {
    if (/^[a-z0-9]{1,16}$/.test(text)) return text
    throw new UsageError(`is "${text}", expected 1 to 16 of a-z and 0-9`)
  },
}

export const store: Flag<string> = {
  name: 'store',
  placeholder: 'URL',
  env: 'PORTCULLIS_STORE',
  fallback: '',
  help: 'Where accounts, applications, keys, subscriptions and usage are: postgres://…, which several gateways may share; a file in the folder of --data where absent.',
  parse: text => {
    if (text === '' || /^postgres(ql)?:\/\//.test(text)) return text
    throw new UsageError('is no URL that begins with postgres://')
  },
}

export const counters: Flag<string> = {
  name: 'counters',
  placeholder: 'URL',
  env: 'PORTCULLIS_COUNTERS',
  fallback: '',
  help: 'Where several gateways count together what plans limit with counters: Exact: redis://… or rediss://…, of Redis or Valkey.',
  parse: text => {
    if (text === '' || /^rediss?:\/\//.test(text)) return text
    throw new UsageError('is no URL that begins with redis:// or rediss://')
  },
}

export const otlp: Flag<string> = {
  name: 'otlp',
  placeholder: 'URL|off',
  env: 'PORTCULLIS_OTLP',
  fallback: '',
  help: 'Collector of OpenTelemetry that spans of requests, attempts and calls go to, by OTLP/HTTP: http://collector:4318. Where it is not said, what OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT say; OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES count too.',
  parse: text => {
    if (text === '' || text === 'off' || (URL.canParse(text) && /^https?:/.test(text))) return text
    throw new UsageError(`is "${text}", expected http://… or https://…, or off`)
  },
}

export const otlpShare: Flag<number> = {
  name: 'otlp-share',
  placeholder: '0..1',
  env: 'PORTCULLIS_OTLP_SHARE',
  fallback: '1',
  help: 'Of traces that begin at this gateway, how many are told with --otlp; of others the one who began them has decided.',
  parse: text => {
    const share = Number(text)
    if (/^[\d.]+$/.test(text) && share >= 0 && share <= 1) return share
    throw new UsageError(`is "${text}", expected a number from 0 to 1`)
  },
}

export const admin: Flag<HostPort | null> = {
  name: 'admin',
  placeholder: 'HOST:PORT|off',
  env: 'PORTCULLIS_ADMIN',
  fallback: '127.0.0.1:8900',
  help: 'Where /healthz, /readyz and /metrics, the Admin API (/v1) and the console are served.',
  parse: hostPort,
}

export const output: Flag<OutputFormat> = {
  name: 'output',
  short: 'o',
  placeholder: 'text|json',
  env: 'PORTCULLIS_OUTPUT',
  fallback: 'text',
  help: 'Form of the answer on standard output.',
  parse: oneOf('text', 'json'),
}

/** Of commands that ask a running gateway. No variable: PORTCULLIS_ADMIN is where one listens, not where one is asked. */
export const adminUrl: Flag<URL | null> = {
  name: 'admin',
  placeholder: 'URL',
  fallback: '',
  help: 'The admin listener of the gateway to ask, such as http://gateway.example:8900; where absent, the one of this machine that uses --data is asked by its socket.',
  parse: gatewayUrl,
}

export const token: Flag<string> = {
  name: 'token',
  placeholder: 'TOKEN|@FILE',
  env: 'PORTCULLIS_TOKEN',
  fallback: '',
  help: 'For --admin: a personal access token (pcp_…), or as long as there are no users what is in admin-token of the gateway; or the name of a file that has it.',
  parse: textOrFile,
}

export const cacheMemory: Flag<number> = {
  name: 'cache-memory',
  placeholder: 'BYTES',
  env: 'PORTCULLIS_CACHE_MEMORY',
  fallback: '64Mi',
  help: 'How much memory the answers take that TrafficPolicies with cache keep, for all workers together: 64Mi, 2Gi.',
  parse: text => {
    const bytes = quantityBytes(text)
    if (bytes !== undefined && bytes >= 1024 * 1024) return bytes
    throw new UsageError(`"${text}" is no memory for a cache, expected at least 1Mi, as in 64Mi`)
  },
}

export const logLevel: Flag<LogLevel> = {
  name: 'log-level',
  placeholder: 'LEVEL',
  env: 'PORTCULLIS_LOG_LEVEL',
  fallback: 'info',
  help: 'error, warn, info or debug; the log goes to standard error.',
  parse: oneOf('error', 'warn', 'info', 'debug'),
}

export const accessLog: Flag<AccessLogTarget> = {
  name: 'access-log',
  placeholder: 'stdout|off|FILE',
  env: 'PORTCULLIS_ACCESS_LOG',
  fallback: 'stdout',
  help: 'Where a line for each request goes: JSON, or readable where that is a terminal.',
  parse: accessLogTarget,
}

export const recentRequests: Flag<boolean> = {
  name: 'recent-requests',
  placeholder: 'on|off',
  env: 'PORTCULLIS_RECENT_REQUESTS',
  fallback: 'on',
  help: 'Whether the last few thousand requests are kept in memory, without secrets, for the console, `tail` and `explain --exchange`.',
  parse: text => oneOf('on', 'off')(text) === 'on',
}

/** Of the user, by the XDG base directory specification; an account without a home has what services have. */
function stateDirectory(): string {
  const { XDG_STATE_HOME, HOME } = process.env
  if (XDG_STATE_HOME) return join(XDG_STATE_HOME, 'portcullis')
  return HOME ? join(HOME, '.local', 'state', 'portcullis') : '/var/lib/portcullis'
}
