// One request on each connection, `connections` of them at a time: what new connections cost.
import { TLSSocket } from 'node:tls'

import { answerReader, open, requestBytes } from './request.ts'
import { readSettings, report, Tally } from './settings.ts'

const settings = readSettings()
const request = requestBytes(settings)
const ticket = settings.kind === 'resumed' ? await firstTicket() : undefined
const tally = new Tally()
const endMs = performance.now() + settings.seconds * 1000

await Promise.all(Array.from({ length: settings.connections }, oneAfterAnother))
report(tally.result())

async function oneAfterAnother(): Promise<void> {
  while (performance.now() < endMs) await once()
}

/** A connection from its first byte to its end; one that fails in between is an error. */
function once(): Promise<void> {
  return new Promise(resolve => {
    const sinceMs = performance.now()
    let complete = false
    const socket = open(settings, ticket)
    socket.write(request)
    socket.on(
      'data',
      answerReader(settings.protocol, ok => {
        complete = ok && resumed(socket)
        socket.end()
      }),
    )
    socket.setTimeout(10_000, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      if (complete) tally.done(sinceMs)
      else tally.errors++
      resolve()
    })
  })
}

/** Whether the handshake was of the kind that is measured. */
function resumed(socket: unknown): boolean {
  return !(socket instanceof TLSSocket) || socket.isSessionReused() === (ticket !== undefined)
}

function firstTicket(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = open(settings)
    socket.write(request)
    socket.once('session', (session: Buffer) => {
      socket.destroy()
      resolve(session)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('it gave no ticket')))
    socket.resume()
  })
}
