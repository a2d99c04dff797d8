// A service with an OpenAPI document, a gateway that publishes it on plans, an application with a key, and what to try.
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { endBySignals, isReady, startGateway } from '../quickstart/gateway.ts'
import { startService } from './service.ts'

const usage = 'node examples/plans/start.ts [--gateway PORT] [--backend PORT] [--admin HOST:PORT]'
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const written = { gateway: '8080', backend: '9000' } as const

type Ports = Readonly<Record<keyof typeof written, string>>

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  const port = { type: 'string' } as const
  const options = { gateway: port, backend: port, admin: port } as const
  const { admin = '127.0.0.1:8900', ...wanted } = parseArgs({ args: [...argv], options }).values
  const service = await startService(Number(wanted.backend ?? written.backend))
  const ports = { ...written, ...wanted, backend: String(service.port) }
  // Its store is in here too, and is gone in the end.
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-plans-'))
  const data = join(folder, 'state')
  writeResources(join(folder, 'portcullis'), ports)
  const gateway = startGateway([
    join(folder, 'portcullis'),
    '--admin',
    admin,
    '--data',
    data,
    '--access-log',
    'off',
  ])
  endBySignals(gateway)
  const told = isReady(gateway, admin).then(async ready => {
    if (!ready) throw new Error('the gateway does not serve')
    console.log(whatToTry(ports, data, await aKey(data)))
  })
  await told.catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error))
    gateway.process.kill('SIGTERM')
  })
  const code = await gateway.ended
  rmSync(folder, { recursive: true })
  service.server.close()
  service.server.closeAllConnections()
  return code ?? 1
}

/** What is in portcullis/, with these ports. */
function writeResources(folder: string, { gateway, backend }: Ports): void {
  cpSync(new URL('portcullis', import.meta.url), folder, { recursive: true })
  const file = join(folder, 'pets.yaml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text
      .replaceAll(`port: ${written.gateway}`, `port: ${gateway}`)
      .replaceAll(`port: ${written.backend}`, `port: ${backend}`),
  )
}

/** As somebody would do it in a terminal. */
async function aKey(data: string): Promise<string> {
  await portcullis('apps create mobile', data)
  await portcullis('subscriptions create mobile pets --plan pets-free', data)
  return (await portcullis('keys create mobile', data)).trim()
}

async function portcullis(command: string, data: string): Promise<string> {
  console.log(`$ portcullis ${command}`)
  const args = [main, ...command.split(' '), '--data', data]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  return stdout
}

function whatToTry({ gateway }: Ports, data: string, key: string): string {
  const pets = `http://127.0.0.1:${gateway}/v1/pets`
  const asked = `--data ${data}`
  return `
Portcullis publishes openapi.yaml at http://127.0.0.1:${gateway}/v1

  curl -i ${pets}
      401: nobody without a key
  curl -i -H 'X-API-Key: ${key}' ${pets}
      200, and RateLimit says what is left
  for i in $(seq 20); do curl -s -o /dev/null -w '%{http_code} ' -H 'X-API-Key: ${key}' ${pets}; done
      429 when ten at once are used up
  bin/portcullis usage ${asked}
      who has called which operation, and how it ended
  bin/portcullis subscriptions change mobile --plan pets-gold ${asked}
      another plan, at once
  bin/portcullis keys rotate mobile ${asked}
      a new key; the old one counts for another day

Ctrl-C ends it.
`
}
