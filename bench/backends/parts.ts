// What compositions call, and costs little: parts of pages, and a feed of events. `node parts.ts PORT`
//   /parts/NAME/ID at once, /slow/NAME/ID after 20 ms, /failing/NAME/ID with 503, /feed an event each second
import { createServer } from 'node:net'
import type { Socket } from 'node:net'

import { partOf } from '../composed/part.ts'

const SLOW_MS = 20
const TICK_MS = 1000

const bodies = new Map<string, Buffer>()
const failing = answer('503 Service Unavailable', JSON.stringify({ title: 'Not today' }))
const missing = answer('404 Not Found', '{}')
const listeners = new Set<Socket>()

createServer({ noDelay: true }, accept).listen(Number(process.argv[2]), '127.0.0.1', 4096)

let ticks = 0
setInterval(() => {
  const tick = { count: ++ticks, atMs: performance.timeOrigin + performance.now(), text: 'x'.repeat(80) }
  for (const socket of listeners) socket.write(`data: ${JSON.stringify(tick)}\n\n`)
}, TICK_MS)

/** Requests without bodies, one after another on a connection. */
function accept(socket: Socket): void {
  let text = ''
  socket.on('error', () => socket.destroy())
  socket.on('close', () => listeners.delete(socket))
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      tell(socket, text.slice(text.indexOf(' ') + 1, text.indexOf(' HTTP/')))
      text = text.slice(end + 4)
    }
  })
}

function tell(socket: Socket, target: string): void {
  const [, kind = '', name = ''] = target.split('/')
  if (kind === 'parts') socket.write(bodyOf(name))
  else if (kind === 'slow') setTimeout(() => socket.write(bodyOf(name)), SLOW_MS)
  else if (kind === 'failing') socket.write(failing)
  else if (kind === 'feed') subscribe(socket)
  else socket.write(missing)
}

function bodyOf(name: string): Buffer {
  let body = bodies.get(name)
  if (body === undefined) bodies.set(name, (body = answer('200 OK', JSON.stringify(partOf(name)))))
  return body
}

function answer(status: string, body: string): Buffer {
  const fields = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`
  return Buffer.from(`HTTP/1.1 ${status}\r\n${fields}\r\n\r\n${body}`)
}

function subscribe(socket: Socket): void {
  listeners.add(socket)
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n')
}
