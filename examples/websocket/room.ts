import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

export interface Room {
  readonly server: Server
  readonly port: number
  close(): void
}

/** A chat room that knows nothing but HTTP/1.1: whoever comes says its name in the query, and hears what all others say. */
export async function startRoom(port: number): Promise<Room> {
  const server = createServer((_request, response) => response.writeHead(426).end())
  const room = new WebSocketServer({ server })
  const tell = (text: string): void => {
    for (const one of room.clients) one.send(text)
  }
  room.on('connection', (socket, request) => {
    const name = new URL(request.url ?? '/', 'http://room').searchParams.get('name') ?? 'somebody'
    tell(`${name} is in the ${String(request.headers['x-room'])}`)
    socket.on('message', (data: Buffer) => tell(`${name}: ${data.toString()}`))
    socket.on('close', () => tell(`${name} has left`))
    socket.on('error', () => {})
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const one of room.clients) one.terminate()
      server.close()
    },
  }
}
