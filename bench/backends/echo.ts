// A WebSocket server that costs little: every text message comes back. `node echo.ts PORT`
import { createServer } from 'node:net'
import type { Socket } from 'node:net'

import { websocketAccept } from '../../src/http/h2/websocket.ts'
import { MASK, MASKED_BYTES, messageBytes, PLAIN_BYTES } from '../lib/frames.ts'

const server = createServer({ noDelay: true }, accept)
server.listen(Number(process.argv[2]), '127.0.0.1', 4096)

function accept(socket: Socket): void {
  let head = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', function opening(chunk: Buffer) {
    head += chunk.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    socket.off('data', opening)
    const key = /^sec-websocket-key: (\S+)/im.exec(head)?.[1]
    if (key === undefined) return void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${websocketAccept(key)}\r\n\r\n`,
    )
    echo(socket)
  })
}

/** Messages of the one size that the load sends, wherever the packets end. */
function echo(socket: Socket): void {
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const messages = Math.floor(held.length / MASKED_BYTES)
    if (messages === 0) return
    const answer = Buffer.allocUnsafe(messages * PLAIN_BYTES)
    for (let i = 0; i < messages; i++) unmask(held, i * MASKED_BYTES, answer, i * PLAIN_BYTES)
    held = held.subarray(messages * MASKED_BYTES)
    socket.write(answer)
  })
}

function unmask(from: Buffer, at: number, to: Buffer, start: number): void {
  to[start] = from[at]!
  to[start + 1] = messageBytes
  for (let i = 0; i < messageBytes; i++) to[start + 2 + i] = from[at + 6 + i]! ^ MASK[i & 3]!
}
