import { join } from 'node:path'
import { askedMethod, urlFault } from '../admin/explain/asked.ts'
import { cert, secret } from './certificates/commands.ts'
import { keepCompiled } from './command/compile-cache.ts'
import { isGroup, UsageError } from './command/flag.ts'
import type { Command, CommandEntry, Flag, Given } from './command/flag.ts'
import { fmt, init, schema } from './files/commands.ts'
import {
  accessLog,
  addresses,
  admin,
  adminUrl,
  certificates,
  counters,
  data,
  environment,
  ignoredKinds,
  logLevel,
  output,
  recentRequests,
  roles,
  secrets,
  store,
  token,
  workers,
} from './command/flags.ts'
import type { CheckFormat } from './command/options.ts'
import { proxy } from './proxy/command.ts'
import { tail } from './requests/command.ts'
import { top } from './top/command.ts'
import { status } from './status/command.ts'
import { headerLines, oneOf, pathsOr } from './command/values.ts'
import { allocateYoung } from './command/young.ts'

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

const header: Flag<readonly (readonly [name: string, value: string])[]> = {
  name: 'header',
  short: 'H',
  placeholder: "'NAME: VALUE'",
  many: true,
  fallback: '',
  help: 'A header of the request.',
  parse: headerLines,
}

const exchange: Flag<string> = {
  name: 'exchange',
  placeholder: 'ID',
  fallback: '',
  help: 'The request to tell of, in place of METHOD and URL.',
  parse: text => text,
}

const sources =
  'PATH is a file or folder of resources as YAML or JSON, and there may be several; without one it is ./portcullis.'
const stdin = 'A PATH of - is standard input: helm template … | portcullis check -'

const run: Command = {
  name: 'run',
  operands: '[PATH…]',
  summary: 'Serve the resources in these files and folders, and follow their changes.',
  details: [
    sources,
    'SIGTERM and SIGINT drain: the process ends when the requests in flight have ended, or after 30 s; ' +
      'a SIGINT after that (Ctrl-C again) ends it at once, with 130. SIGHUP reads everything again; SIGUSR2 opens the access log file anew, after it was rotated.',
    'What is wrong with some resources keeps no others from being served. The exit code is 0 after a drain, and 1, ' +
      'with the reason on standard error, where nothing at all can be served.',
  ],
  flags: [
    roles,
    workers,
    data,
    certificates,
    secrets,
    store,
    counters,
    environment,
    admin,
    logLevel,
    addresses,
    ignoredKinds,
    accessLog,
    recentRequests,
  ],
  run: async given => {
    if (given.operands.includes('-'))
      throw new UsageError('run: - is no path to follow, expected files or folders')
    const options = {
      ...common(given, given.operands),
      workers: given.get(workers),
      dataDir: given.get(data),
      isDataNamed: given.has(data),
      certificatesDir: given.get(certificates) || join(given.get(data), 'certificates'),
      secretsDir: given.get(secrets),
      environment: given.get(environment),
      store: given.get(store),
      counters: given.get(counters),
      admin: given.get(admin),
      logLevel: given.get(logLevel),
      accessLog: given.get(accessLog),
      recentRequests: given.get(recentRequests),
    }
    allocateYoung()
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
    sources,
    stdin,
    'Text is coloured on a terminal; NO_COLOR forbids that, FORCE_COLOR wants it.',
    'The exit code is 0 where everything would serve (warnings allowed), 1 where something would not serve as it is written, 2 for wrong use.',
  ],
  flags: [checkOutput, strict, roles, addresses, ignoredKinds],
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

const explain: Command = {
  name: 'explain',
  operands: 'METHOD URL [PATH…|-] | --exchange ID',
  summary:
    'Say which listener, route, filters, limits and cluster a request would meet, and why others did not match.',
  details: [
    "URL is as the client would use it: http://shop.example:8080/cart?x=1. Without a scheme (shop.example/cart) it is asked at the port whose routes take it. Another authority than the URL's is given as -H 'Host: …'.",
    'Standard output has the answer, standard error all that is wrong with the resources: it may be the reason.',
    sources,
    'A PATH of - is standard input.',
    'The exit code is 0 when a route takes the request, if only to answer by an error of its own, else 1.',
    '--exchange tells the story of a request that a running gateway has had (the id is in the body of an error, and in X-Request-Id): which layer decided what, attempts, filters, and where the time went. It is 1 where that request is not kept any more.',
  ],
  flags: [header, output, roles, addresses, ignoredKinds, exchange, adminUrl, token, data],
  run: async given => {
    const id = given.get(exchange)
    if (id !== '') return tellExchange(id, given)
    const [method, url, ...paths] = given.operands
    if (method === undefined || url === undefined)
      throw new UsageError(
        'explain: needs METHOD and URL, such as: portcullis explain GET http://shop.localhost:8080/cart',
      )
    const options = {
      ...common(given, paths),
      method: requestMethod(method),
      url: requestUrl(url),
      headers: given.get(header),
      output: given.get(output),
    }
    const { explain: tell } = await import('./explain/explain.ts')
    return tell(options)
  },
}

async function tellExchange(id: string, given: Given): Promise<number> {
  if (given.operands.length > 0)
    throw new UsageError('explain: --exchange is about one request; leave METHOD, URL and PATH out')
  const { adminClient } = await import('./command/admin-client.ts')
  const { explainExchange } = await import('./explain/exchange.ts')
  return explainExchange(adminClient(given), id, given.get(output))
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
  schema,
  health,
  shells,
]

/** All of them, those of groups too. */
export const commands: readonly Command[] = entries.flatMap(entry =>
  isGroup(entry) ? entry.commands : [entry],
)

function common(given: Given, paths: readonly string[]) {
  return {
    paths: pathsOr(paths),
    roles: given.get(roles),
    addresses: given.get(addresses),
    ignoredKinds: given.get(ignoredKinds),
  }
}

function requestMethod(text: string): string {
  const method = askedMethod(text)
  if (method === null) throw new UsageError(`explain: "${text}" is no method`)
  return method
}

function requestUrl(text: string): string {
  const fault = urlFault(text)
  if (fault !== null) throw new UsageError(`explain: ${fault}`)
  return text
}
