// Two services, a gateway that makes one API of them without code, and what to try.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endBySignals, isReady, startGateway } from '../quickstart/gateway.ts'
import { offersServer, usersServer } from './services.ts'

const usage =
  'node examples/aggregate/start.ts [--gateway PORT] [--backend 0 (others than 9001 and 9002)] [--admin HOST:PORT]'
const written = { gateway: '8080', users: '9001', offers: '9002' } as const

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  const port = { type: 'string' } as const
  const options = { gateway: port, backend: port, admin: port } as const
  const wanted = parseArgs({ args: [...argv], options }).values
  const { admin = '127.0.0.1:8900', gateway: listening = written.gateway, backend } = wanted
  const users = await listen(usersServer(), backend ?? written.users)
  const offers = await listen(offersServer(), backend ?? written.offers)
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-aggregate-'))
  for (const name of ['gateway.yaml', 'storefront.yaml']) {
    const text = readFileSync(new URL(`portcullis/${name}`, import.meta.url), 'utf8')
    writeFileSync(
      join(folder, name),
      text
        .replace(`port: ${written.gateway}`, `port: ${listening}`)
        .replace(`port: ${written.users}`, `port: ${users}`)
        .replace(`port: ${written.offers}`, `port: ${offers}`),
    )
  }
  const gateway = startGateway([folder, '--admin', admin])
  endBySignals(gateway)
  if (await isReady(gateway, admin)) console.log(whatToTry(`http://127.0.0.1:${listening}`))
  else gateway.process.kill('SIGTERM')
  const code = await gateway.ended
  rmSync(folder, { recursive: true })
  return code ?? 1
}

/** Resolves with its port. It serves as long as the gateway does, whose end is that of the process. */
async function listen(server: Server, port: string): Promise<number> {
  await once(server.listen(Number(port), '127.0.0.1'), 'listening')
  server.unref()
  return (server.address() as AddressInfo).port
}

function whatToTry(gateway: string): string {
  return `
Portcullis listens on ${gateway}, in front of users and offers

  curl ${gateway}/me/7/home
      a page of three calls: two at once, and one that needs what the first brings
  curl -i ${gateway}/me/8/home
      there is no offer for Bob's tier: the page goes out without it, and X-Portcullis-Partial says so
  curl -i ${gateway}/me/9/home
      a problem, as the aggregate says it
  curl -d '{"items":["tea"]}' -H 'Content-Type: application/json' -H 'Idempotency-Key: k1' ${gateway}/me/7/orders
      an order, one however often it is sent

Ctrl-C ends it.
`
}
