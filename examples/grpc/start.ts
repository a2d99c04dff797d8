// A gRPC service, a gateway in front of it, and what to try.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endBySignals, isReady, startGateway } from '../quickstart/gateway.ts'
import { startService } from './service.ts'

const usage = 'node examples/grpc/start.ts [--gateway PORT] [--backend PORT] [--admin HOST:PORT]'
const written = { gateway: '8080', backend: '9090' } as const

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
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-grpc-'))
  const file = join(folder, 'gateway.yaml')
  writeFileSync(file, resourcesFor(ports))
  const gateway = startGateway([file, '--admin', admin])
  endBySignals(gateway)
  if (await isReady(gateway, admin)) console.log(whatToTry(ports, admin))
  else gateway.process.kill('SIGTERM')
  const code = await gateway.ended
  rmSync(folder, { recursive: true })
  service.server.forceShutdown()
  return code ?? 1
}

/** What is in portcullis/, with these ports. */
function resourcesFor({ gateway, backend }: Ports): string {
  return readFileSync(new URL('portcullis/gateway.yaml', import.meta.url), 'utf8')
    .replaceAll(`port: ${written.gateway}`, `port: ${gateway}`)
    .replaceAll(`port: ${written.backend}`, `port: ${backend}`)
}

function whatToTry({ gateway }: Ports, admin: string): string {
  const method = `http://127.0.0.1:${gateway}/shop.Inventory/Get`
  return `
Portcullis listens on 127.0.0.1:${gateway}, in front of the service shop.Inventory

  node_modules/.bin/node examples/grpc/client.ts --port ${gateway}
      calls, a stream, a deadline that passes, a service that has no route
  grpcurl -plaintext -import-path examples/grpc -proto inventory.proto \\
      -d '{"name":"apple"}' 127.0.0.1:${gateway} shop.Inventory/Get
      the same by a client of others, if you have it
  curl -sH 'Content-Type: application/grpc-web-text' -d AAAAAAcKBWFwcGxl ${method}
      what a browser says: gRPC-Web, translated; each part of the answer is base64
  curl -s http://${admin}/metrics | grep grpc_responses
      how calls have ended, by route and status

Ctrl-C ends it.
`
}
