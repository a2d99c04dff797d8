import { askedMethod, urlFault, type AskedRequest } from '../../admin/explain/asked.ts'
import { UsageError, type Command, type Flag, type Given } from '../command/flag.ts'
import { adminUrl, data, output, roles, token } from '../command/flags.ts'
import { settingsOf, translationFlags } from '../command/translation-flags.ts'
import { pathsHelp } from '../command/texts.ts'
import { headerLines, ipAddress, oneOf, pathsOr } from '../command/values.ts'

const header: Flag<readonly (readonly [name: string, value: string])[]> = {
  name: 'header',
  short: 'H',
  placeholder: "'NAME: VALUE'",
  many: true,
  fallback: '',
  help: 'A header of the request.',
  parse: headerLines,
}

const client: Flag<string> = {
  name: 'client',
  placeholder: 'IP',
  fallback: '',
  help: 'The address of the client, after trusted hops; where absent, what depends on it is not known.',
  parse: text => (text === '' ? text : ipAddress(text)),
}

const running: Flag<boolean> = {
  name: 'running',
  fallback: '',
  help: 'Ask the gateway that runs with --data, or at --admin, in place of reading files: it knows whose a key is, and what is left of limits.',
  parse: text => text !== '' && oneOf('true', 'false')(text) === 'true',
}

const exchange: Flag<string> = {
  name: 'exchange',
  placeholder: 'ID',
  fallback: '',
  help: 'The request to tell of, in place of METHOD and URL.',
  parse: text => text,
}

export const explain: Command = {
  name: 'explain',
  operands: 'METHOD URL [PATH…|-] | --running METHOD URL | --exchange ID',
  summary:
    'Say which listener, route, filters, limits and cluster a request would meet, who asks and what is decided, and why other routes did not match.',
  details: [
    "URL is as the client would use it: http://shop.example:8080/cart?x=1. Without a scheme (shop.example/cart) it is asked at the port whose routes take it. Another authority than the URL's is given as -H 'Host: …'.",
    'tcp://HOST:PORT, without METHOD, is a connection to a listener of protocol TCP, and udp://HOST:PORT a datagram to one of UDP.',
    'Nothing is sent, and nothing is counted. Credentials of -H are looked for where policies look for them, and never shown; whose they are only a running gateway knows (--running, or --admin URL).',
    'Standard output has the answer, standard error all that is wrong with the resources: it may be the reason.',
    pathsHelp,
    'A PATH of - is standard input.',
    'The exit code is 0 when a route takes the request, if only to answer by an error of its own, else 1.',
    '--exchange tells the story of a request that a running gateway has had (the id is in the body of an error, and in X-Request-Id): which layer decided what, attempts, filters, and where the time went. It is 1 where that request is not kept any more.',
  ],
  flags: [header, client, output, roles, ...translationFlags, running, exchange, adminUrl, token, data],
  run: async given => {
    const id = given.get(exchange)
    if (id !== '') return tellExchange(id, given)
    const [method, url, ...paths] = withMethod(given.operands)
    if (method === undefined || url === undefined)
      throw new UsageError(
        'explain: needs METHOD and URL, such as: portcullis explain GET http://shop.localhost:8080/cart',
      )
    const address = given.get(client)
    const asked = {
      method: requestMethod(method),
      url: requestUrl(url),
      headers: given.get(header),
      ...(address !== '' && { client: address }),
    }
    if (given.get(running) || given.get(adminUrl) !== null) return askRunning(asked, paths, given)
    const { explain: tell } = await import('./explain.ts')
    return tell({
      ...asked,
      paths: pathsOr(paths),
      roles: given.get(roles),
      settings: settingsOf(given),
      output: given.get(output),
    })
  },
}

async function askRunning(asked: AskedRequest, paths: readonly string[], given: Given): Promise<number> {
  if (paths.length > 0)
    throw new UsageError('explain: a gateway that runs has what it serves; leave PATH out, or --running')
  const { adminClient } = await import('../command/admin-client.ts')
  const { explainRunning } = await import('./running.ts')
  return explainRunning(adminClient(given), asked, given.get(output))
}

async function tellExchange(id: string, given: Given): Promise<number> {
  if (given.operands.length > 0)
    throw new UsageError('explain: --exchange is about one request; leave METHOD, URL and PATH out')
  const { adminClient } = await import('../command/admin-client.ts')
  const { explainExchange } = await import('./exchange.ts')
  return explainExchange(adminClient(given), id, given.get(output))
}

/** Where bytes are passed on there is no method: `tcp://HOST:PORT` and `udp://HOST:PORT` stand by themselves. */
function withMethod(operands: readonly string[]): readonly string[] {
  const [first = ''] = operands
  return /^(tcp|udp):\/\//.test(first) ? ['GET', ...operands] : operands
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
