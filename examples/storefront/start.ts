// The four services, a gateway that composes them, and what to try.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { endBySignals, isReady, startGateway } from '../quickstart/gateway.ts'
import { startServices, writtenPorts, type ServiceName } from './services/services.ts'

const usage =
  'node examples/storefront/start.ts [--gateway PORT] [--backend 0 (others than 9001 to 9004)] [--admin HOST:PORT]'
const WRITTEN_GATEWAY = 8080

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  const port = { type: 'string' } as const
  const options = { gateway: port, backend: port, admin: port } as const
  const { admin = '127.0.0.1:8900', gateway: asked, backend } = parseArgs({ args: [...argv], options }).values
  const listening = asked ?? String(WRITTEN_GATEWAY)
  const services = await startServices(backend === '0')
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-storefront-'))
  copyTo(folder, listening, services)
  const gateway = startGateway([join(folder, 'portcullis'), '--admin', admin])
  endBySignals(gateway)
  if (await isReady(gateway, admin)) console.log(whatToTry(`http://127.0.0.1:${listening}`))
  else gateway.process.kill('SIGTERM')
  const code = await gateway.ended
  rmSync(folder, { recursive: true })
  return code ?? 1
}

/** The example, with these ports in its resources. */
function copyTo(folder: string, gateway: string, services: Readonly<Record<ServiceName, number>>): void {
  cpSync(fileURLToPath(new URL('.', import.meta.url)), folder, { recursive: true })
  const ports = new Map([[WRITTEN_GATEWAY, gateway]])
  for (const name of Object.keys(writtenPorts) as ServiceName[])
    ports.set(writtenPorts[name], String(services[name]))
  for (const name of ['gateway.yaml', 'backends.yaml']) {
    const file = join(folder, 'portcullis', name)
    const text = readFileSync(file, 'utf8')
    writeFileSync(
      file,
      text.replaceAll(/\bport: (\d+)/g, (whole, digits: string) => {
        const other = ports.get(Number(digits))
        return other === undefined ? whole : `port: ${other}`
      }),
    )
  }
}

function whatToTry(gateway: string): string {
  return `
Portcullis listens on ${gateway}, in front of a shop, its stock, its prices and its pictures

  curl ${gateway}/me/7/home
      a page of three services: two calls at once, two that depend on the first, of which one is gRPC
  curl -i ${gateway}/me/9/home
      a problem, as the composition says it
  curl -d '{"sku":"tea","price":4}' -H 'Content-Type: application/json' -H 'Idempotency-Key: order-0001' \\
      ${gateway}/me/7/orders
      an order, one however often it is sent
  curl -N ${gateway}/products/tea/live
      events: prices by WebSocket and levels by gRPC, of one subscription for all who listen
  curl -d '{"count":1}' -H 'Content-Type: application/json' ${gateway}/v1/stock/tea:reserve
      a method of gRPC as REST, by its annotation; whoever listens sees the level change
  curl ${gateway}/pictures/tea.svg
      passed on as it is

Ctrl-C ends it.
`
}
