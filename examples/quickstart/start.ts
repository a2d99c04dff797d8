// `npm start`: three example services, a gateway in front of them, an application with a key, and what to try.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { readyKey } from './consumer.ts'
import { endBySignals, isReady, startGateway } from './gateway.ts'
import { resourcesFor, writtenPorts } from './settings.ts'
import type { Ports } from './settings.ts'
import { startUpstreams } from './upstreams.ts'

const usage = `npm start -- [--gateway PORT] [--items PORT] [--echo PORT] [--troubled PORT] [--admin HOST:PORT] [--data DIR]`

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`quickstart: ${error instanceof Error ? explain(error) : String(error)}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) return tell(usage)
  const { admin, data, ...wanted } = readFlags(argv)
  const upstreams = await startUpstreams(wanted)
  const ports: Ports = { ...upstreams.ports, gateway: wanted.gateway }
  const { folder, remove } = resourcesFor(ports)
  // It shows each request, and what became of each change of a file; where that is no terminal, its requests would be
  // lines of JSON among what is said here.
  const quiet = process.stdout.isTTY ? [] : ['--access-log', 'off']
  const gateway = startGateway([folder, '--admin', admin, '--data', data, ...quiet])
  endBySignals(gateway)
  if (await isReady(gateway, admin))
    console.log(whatToTry(ports, folder, admin, data, await keyOrWhyNot(data)))
  else gateway.process.kill('SIGTERM')
  const code = await gateway.ended
  remove()
  await upstreams.close()
  if (code !== 0) console.error('quickstart: the gateway did not start or failed; its own message is above')
  return code ?? 1
}

function tell(text: string): number {
  console.log(text)
  return 0
}

function readFlags(argv: readonly string[]) {
  const port = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...argv],
    options: { gateway: port, items: port, echo: port, troubled: port, admin: port, data: port },
  })
  return {
    gateway: portOf(values.gateway, writtenPorts.gateway),
    items: portOf(values.items, writtenPorts.items),
    echo: portOf(values.echo, writtenPorts.echo),
    troubled: portOf(values.troubled, writtenPorts.troubled),
    admin: values.admin ?? '127.0.0.1:8900',
    data: values.data ?? stateDirectory(),
  }
}

/** As commands have it, so that they find this gateway without being told where. */
function stateDirectory(): string {
  const { PORTCULLIS_DATA, XDG_STATE_HOME } = process.env
  return PORTCULLIS_DATA || join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'portcullis')
}

async function keyOrWhyNot(data: string): Promise<string> {
  try {
    return await readyKey(data)
  } catch (error) {
    console.error(`quickstart: no key was made: ${error instanceof Error ? error.message : String(error)}`)
    return 'KEY'
  }
}

function portOf(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new Error(`"${text}" is no port\n${usage}`)
  return port
}

function explain(error: Error): string {
  if ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) return `${error.message}\n${usage}`
  if (!('code' in error) || !('port' in error)) return error.message
  const port = String(error.port)
  if (error.code === 'EADDRINUSE')
    return `port ${port} is in use; stop what uses it, or choose others:\n${usage}`
  if (error.code === 'EACCES') return `port ${port} is not allowed to this user; choose another:\n${usage}`
  return error.message
}

function whatToTry(ports: Ports, folder: string, admin: string, data: string, key: string): string {
  const gateway = `http://127.0.0.1:${ports.gateway}`
  const asked = data === stateDirectory() ? '' : ` --data ${data}`
  const shown = process.stdout.isTTY
    ? 'Requests are shown here as they come. '
    : `bin/portcullis tail${asked} shows requests as they come.\n`
  return `
Portcullis listens on ${gateway} and serves ${folder}

  curl ${gateway}/items/1
      {"id":1,"name":"apple"}                      a path prefix, to the items service
  curl -i ${gateway}/api/v1/items
      X-Api-Version: v1 and three items            prefix rewritten, a response header added
  curl -H 'Host: echo.example' -H 'X-Secret: 1' ${gateway}/
      "x-from":"quickstart", no "x-secret"         its own host, request headers changed
  for i in 1 2 3 4 5 6 7 8; do curl -s ${gateway}/split; done
      about two of eight are from the echo         weights 3 and 1
  curl -i ${gateway}/unsteady
      200, though the service failed twice         retried on 503
  curl -i ${gateway}/slow
      504 after one second                         timeout
  curl -i ${gateway}/goods/1
      301 and Location: …/items/1                  redirect
  curl -i ${gateway}/page/1
      a page of three calls, one of which is late  composed in TypeScript (page.gateway.ts)

An API with plans is at /shop (api.yaml). The application quickstart/demo has this key, on the plan "trial":

  KEY=${key}
  curl -i ${gateway}/shop/items
      401, and where a key goes                    nobody without one
  curl -i -H "X-API-Key: $KEY" ${gateway}/shop/items/1
      200, and RateLimit says what is left         known, subscribed, counted
  for i in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{http_code} ' -H "X-API-Key: $KEY" ${gateway}/shop/items; done
      429 in the end; -i shows Retry-After         five at once, then ten a minute
  bin/portcullis usage${asked}
      who has called what, how often, and how it ended
  bin/portcullis apps show demo${asked}
      its subscriptions and keys; keys create makes another one

  curl http://${admin}/metrics                     counters for Prometheus
  http://${admin}/                                 the console, in a browser

${shown}Change a file in that folder and try again: it is live when you
have saved it, and the log here says what became of it. To ask beforehand:

  bin/portcullis check ${folder}
  bin/portcullis explain GET ${gateway}/items/1 ${folder}

Ctrl-C ends it.
`
}
