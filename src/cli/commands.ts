import { join } from 'node:path'
import { cert, secret } from './certificates/commands.ts'
import { composition } from './composition/commands.ts'
import { keepCompiled } from './command/compile-cache.ts'
import { isGroup, UsageError } from './command/flag.ts'
import { settingsOf, translationFlags } from './command/translation-flags.ts'
import type { Command, CommandEntry, Flag, Given } from './command/flag.ts'
import { apply, backup, diff, dump, restore } from './declared/commands.ts'
import { fmt, init, schema } from './files/commands.ts'
import { imports } from './import/commands.ts'
import {
  accessLog,
  admin,
  certificates,
  cacheMemory,
  counters,
  data,
  environment,
  gatewayServices,
  noGatewayAliases,
  kubeconfig,
  kubernetes,
  kubernetesContext,
  lease,
  logLevel,
  namespaces,
  onlyGateway,
  otlp,
  otlpShare,
  output,
  publish,
  recentRequests,
  roles,
  secrets,
  store,
  workers,
  zone,
} from './command/flags.ts'
import type { CheckFormat, ClusterOptions } from './command/options.ts'
import { records } from './management/groups.ts'
import { proxy } from './proxy/command.ts'
import { tail } from './requests/command.ts'
import { top } from './top/command.ts'
import { status } from './status/command.ts'
import { pathsHelp } from './command/texts.ts'
import { oneOf, pathsOr } from './command/values.ts'
import { explain } from './explain/command.ts'
import { allocateYoung, sizeYoungByThread } from './command/young.ts'

const checkOutput: Flag<CheckFormat> = {
  ...output,
  placeholder: 'text|json|github',
  parse: oneOf('text', 'json', 'github'),
}

const strict: Flag<boolean> = {
  name: 'strict',
  env: 'PORTCULLIS_STRICT',
  fallback: '',
  help: "Take warnings for errors, but for those about other people's kinds that are left out.",
  parse: text => text !== '' && oneOf('true', 'false')(text) === 'true',
}

const stdin = 'A PATH of - is standard input: helm template … | portcullis check -'

const run: Command = {
  name: 'run',
  operands: '[PATH…]',
  summary: 'Serve the resources in these files and folders, or of a cluster, and follow their changes.',
  details: [
    pathsHelp,
    'SIGTERM and SIGINT drain: the process ends when the requests in flight have ended, or after 30 s; ' +
      'a SIGINT after that (Ctrl-C again) ends it at once, with 130. SIGHUP reads everything again; SIGUSR2 opens the access log file anew, after it was rotated.',
    'What is wrong with some resources keeps no others from being served. The exit code is 0 after a drain, and 1, ' +
      'with the reason on standard error, where nothing at all can be served.',
  ],
  flags: [
    roles,
    kubernetes,
    kubeconfig,
    kubernetesContext,
    namespaces,
    publish,
    gatewayServices,
    noGatewayAliases,
    onlyGateway,
    lease,
    workers,
    zone,
    data,
    certificates,
    secrets,
    store,
    counters,
    otlp,
    otlpShare,
    cacheMemory,
    environment,
    admin,
    logLevel,
    ...translationFlags,
    accessLog,
    recentRequests,
  ],
  run: async given => {
    if (given.operands.includes('-'))
      throw new UsageError('run: - is no path to follow, expected files or folders')
    const { collectorOf } = await import('./run/otlp.ts')
    const cluster = given.get(kubernetes) ? clusterOf(given) : null
    const onlyCluster = cluster !== null && given.operands.length === 0
    const { settings, ...others } = common(given, onlyCluster ? null : given.operands)
    const options = {
      ...others,
      settings: {
        ...settings,
        ...(cluster?.gatewayServices && { gatewayServices: cluster.gatewayServices }),
        ...(cluster?.onlyGateway && { onlyGateway: cluster.onlyGateway }),
      },
      cluster,
      workers: given.get(workers),
      zone: given.get(zone),
      dataDir: given.get(data),
      isDataNamed: given.has(data),
      certificatesDir: given.get(certificates) || join(given.get(data), 'certificates'),
      secretsDir: given.get(secrets),
      environment: given.get(environment),
      store: given.get(store),
      counters: given.get(counters),
      collector: collectorOf(given.get(otlp), process.env),
      tracesShare: given.get(otlpShare),
      cacheBytes: given.get(cacheMemory),
      admin: given.get(admin),
      logLevel: given.get(logLevel),
      accessLog: given.get(accessLog),
      recentRequests: given.get(recentRequests),
    }
    allocateYoung()
    sizeYoungByThread()
    keepCompiled(options.dataDir)
    const { run: serve } = await import('./run/run.ts')
    return serve(options)
  },
}

const check: Command = {
  name: 'check',
  operands: '[PATH…|-]',
  summary:
    'Translate without listening; print all that is wrong with the resources, and what would be served.',
  details: [
    pathsHelp,
    stdin,
    'Text is coloured on a terminal; NO_COLOR forbids that, FORCE_COLOR wants it.',
    'The exit code is 0 where everything would serve (warnings allowed), 1 where something would not serve as it is written, 2 for wrong use.',
  ],
  flags: [checkOutput, strict, roles, ...translationFlags],
  run: async given => {
    const options = {
      ...common(given, given.operands),
      output: given.get(checkOutput),
      strict: given.get(strict),
    }
    const { check: judge } = await import('./check/check.ts')
    return judge(options)
  },
}

const health: Command = {
  name: 'healthcheck',
  operands: '',
  summary: 'Ask the gateway of this machine whether it serves; for containers and service managers.',
  details: ['The exit code is 0 where /readyz of its admin listener answers 200, else 1.'],
  flags: [admin],
  run: async given => {
    const where = given.get(admin)
    if (where === null) throw new UsageError('healthcheck: --admin is off, so there is nobody to ask')
    const { healthcheck } = await import('./run/healthcheck.ts')
    return healthcheck(where)
  },
}

const shells: Command = {
  name: 'completion',
  operands: 'bash|zsh|fish',
  summary: 'Print a script that makes a shell complete commands, flags and files.',
  details: [
    'bash: source <(portcullis completion bash)',
    'zsh:  portcullis completion zsh > "${fpath[1]}/_portcullis"',
    'fish: portcullis completion fish > ~/.config/fish/completions/portcullis.fish',
  ],
  flags: [],
  run: async given => {
    const shell = oneOf('bash', 'zsh', 'fish')(given.operands[0] ?? '')
    const { completion } = await import('./command/completion.ts')
    process.stdout.write(completion(shell, entries))
    return 0
  },
}

// Loaded lazily above: `check` in a CI job needs no sockets, and `--help` needs nothing.
export const entries: readonly CommandEntry[] = [
  run,
  proxy,
  check,
  explain,
  status,
  top,
  tail,
  init,
  fmt,
  cert,
  secret,
  imports,
  composition,
  diff,
  apply,
  dump,
  ...records,
  backup,
  restore,
  schema,
  health,
  shells,
]

/** All of them, those of groups too. */
export const commands: readonly Command[] = entries.flatMap(entry =>
  isGroup(entry) ? entry.commands : [entry],
)

/** `paths` null: none are needed. */
function clusterOf(given: Given): ClusterOptions {
  const published = given.get(publish)
  const type = given.get(gatewayServices)
  if (type !== null && !('service' in published))
    throw new UsageError(
      '--gateway-services needs --publish service/NAMESPACE/NAME: the Service of these Pods, which those of Gateways are made like',
    )
  const only = given.get(onlyGateway)
  if (only !== null && type === null)
    throw new UsageError(
      '--only-gateway needs --gateway-services: the Service of a Gateway says where it is listened for',
    )
  const service = 'service' in published ? published.service : null
  return {
    kubeconfig: given.get(kubeconfig),
    context: given.get(kubernetesContext),
    namespaces: given.get(namespaces),
    published,
    gatewayServices:
      type === null || service === null
        ? null
        : { type, namespace: service.namespace, deployment: service.name },
    gatewayAliases: type !== null && !given.get(noGatewayAliases),
    onlyGateway: only,
    lease: given.get(lease),
  }
}

function common(given: Given, paths: readonly string[] | null) {
  return {
    paths: paths === null ? [] : pathsOr(paths),
    roles: given.get(roles),
    settings: settingsOf(given),
  }
}
