// Two gateways on one PostgreSQL and one Redis: keys count at both, and limits for both together.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startService } from '../plans/service.ts'
import { isReady, startGateway, type Gateway } from '../quickstart/gateway.ts'

const usage =
  'node examples/fleet/start.ts [--store URL] [--counters URL] [--gateway PORT] [--second PORT] [--backend PORT] [--admin HOST:PORT] [--second-admin HOST:PORT]'
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const written = { gateway: '8080', backend: '9000' } as const
const usual = {
  ...written,
  second: '8081',
  admin: '127.0.0.1:8900',
  'second-admin': '127.0.0.1:8901',
  store: 'postgres://portcullis:portcullis@127.0.0.1:5432/portcullis',
  counters: 'redis://127.0.0.1:6379',
}

type Settings = typeof usual

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const
  const options = Object.fromEntries(Object.keys(usual).map(name => [name, text]))
  const settings = { ...usual, ...parseArgs({ args: [...argv], options }).values } as Settings
  const service = await startService(Number(settings.backend))
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-fleet-'))
  writeSecrets(join(folder, 'secrets'))
  const gateways = (['gateway', 'second'] as const).map(name =>
    startOne(join(folder, name), settings, name, service.port),
  )
  const end = (): void => gateways.forEach(({ process: one }) => void one.kill('SIGTERM'))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  try {
    const admins = [settings.admin, settings['second-admin']]
    const ready = await Promise.all(gateways.map((one, i) => isReady(one, admins[i]!)))
    if (ready.includes(false)) throw new Error('a gateway does not serve')
    console.log(whatToTry(settings, await aKey(join(folder, 'gateway'))))
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    end()
  }
  const codes = await Promise.all(gateways.map(({ ended }) => ended))
  rmSync(folder, { recursive: true })
  service.server.close()
  service.server.closeAllConnections()
  return codes.find(code => code !== 0) ?? 0
}

/** What gateways of one database share beside it: the pepper under which keys are hashed. Keep it apart from the database. */
function writeSecrets(folder: string): void {
  mkdirSync(folder, { mode: 0o700 })
  const pepper = randomBytes(32).toString('base64')
  const text = JSON.stringify({ current: 1, peppers: { 1: pepper } })
  writeFileSync(join(folder, 'peppers.json'), text, { mode: 0o600 })
}

/** Each has a folder of its own for what it knew last, and a socket in it. */
function startOne(folder: string, settings: Settings, name: 'gateway' | 'second', backend: number): Gateway {
  mkdirSync(folder)
  const file = join(folder, 'pets.yaml')
  const text = readFileSync(new URL('portcullis/pets.yaml', import.meta.url), 'utf8')
  writeFileSync(
    file,
    text
      .replace(`port: ${written.gateway}`, `port: ${settings[name]}`)
      .replace(`port: ${written.backend}`, `port: ${backend}`),
  )
  const flags = {
    store: settings.store,
    counters: settings.counters,
    secrets: join(folder, '..', 'secrets'),
    data: join(folder, 'state'),
    admin: name === 'gateway' ? settings.admin : settings['second-admin'],
    'access-log': 'off',
    workers: '1',
  }
  return startGateway([file, ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])])
}

/** Made at the first gateway; a database that is used again may have the application. */
async function aKey(folder: string): Promise<string> {
  const name = `mobile-${randomBytes(3).toString('hex')}`
  await portcullis(`apps create ${name}`, folder)
  await portcullis(`subscriptions create ${name} pets --plan free`, folder)
  return (await portcullis(`keys create ${name}`, folder)).trim()
}

async function portcullis(command: string, folder: string): Promise<string> {
  console.log(`$ portcullis ${command}`)
  const args = [main, ...command.split(' '), '--data', join(folder, 'state')]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  return stdout
}

function whatToTry({ gateway, second }: Settings, key: string): string {
  const at = (port: string): string => `http://127.0.0.1:${port}/v1/pets`
  const [one, two] = [at(gateway), at(second)]
  const ask = (url: string): string => `curl -s -o /dev/null -w '%{http_code} ' -H 'X-API-Key: ${key}' ${url}`
  return `
Two gateways, one database, one place that counts

  curl -i -H 'X-API-Key: ${key}' ${one}
  curl -i -H 'X-API-Key: ${key}' ${two}
      200 at both, and RateLimit says that both have counted
  for i in $(seq 25); do ${ask(one)}; ${ask(two)}; done
      forty a year, wherever they are asked: then 429

Ctrl-C ends it.
`
}
