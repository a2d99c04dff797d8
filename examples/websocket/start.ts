// A chat room, a gateway in front of it, and what to try.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endBySignals, isReady, startGateway } from '../quickstart/gateway.ts'
import { startRoom } from './room.ts'

const usage = 'node examples/websocket/start.ts [--gateway PORT] [--backend PORT] [--admin HOST:PORT]'
const written = { gateway: '8080', backend: '9091' } as const

type Ports = Readonly<Record<keyof typeof written, string>>

process.exitCode = await start(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  return 1
})

async function start(argv: readonly string[]): Promise<number> {
  const port = { type: 'string' } as const
  const options = { gateway: port, backend: port, admin: port } as const
  const { admin = '127.0.0.1:8900', ...wanted } = parseArgs({ args: [...argv], options }).values
  const room = await startRoom(Number(wanted.backend ?? written.backend))
  const ports = { ...written, ...wanted, backend: String(room.port) }
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-websocket-'))
  const file = join(folder, 'gateway.yaml')
  writeFileSync(file, resourcesFor(ports))
  const gateway = startGateway([file, '--admin', admin])
  endBySignals(gateway)
  if (await isReady(gateway, admin)) console.log(whatToTry(ports))
  else gateway.process.kill('SIGTERM')
  const code = await gateway.ended
  rmSync(folder, { recursive: true })
  room.close()
  return code ?? 1
}

/** What is in portcullis/, with these ports. */
function resourcesFor({ gateway, backend }: Ports): string {
  return readFileSync(new URL('portcullis/gateway.yaml', import.meta.url), 'utf8')
    .replaceAll(`port: ${written.gateway}`, `port: ${gateway}`)
    .replaceAll(`port: ${written.backend}`, `port: ${backend}`)
}

function whatToTry({ gateway }: Ports): string {
  return `
Portcullis listens on 127.0.0.1:${gateway}, in front of a chat room that speaks WebSocket

  node_modules/.bin/node examples/websocket/client.ts --port ${gateway}
      two in the room, one by HTTP/1.1 and one by HTTP/2
  curl -i http://127.0.0.1:${gateway}/room
      who does not ask for a WebSocket is told so by the room

Ctrl-C ends it.
`
}
