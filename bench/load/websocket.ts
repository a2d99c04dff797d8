// Messages there and back, one under way on each connection.
import type { Socket } from 'node:net'

import { maskedFrame, PLAIN_BYTES } from '../lib/frames.ts'
import { open } from './request.ts'
import { readSettings, report, Tally } from './settings.ts'

const settings = readSettings()
const message = maskedFrame()
const opening = [
  `GET ${settings.path} HTTP/1.1`,
  'Host: bench.example',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n')

const sockets = await Promise.all(Array.from({ length: settings.connections }, upgraded))
const tally = new Tally()
const endMs = performance.now() + settings.seconds * 1000
await Promise.all(sockets.map(talk))
report(tally.result())

function upgraded(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = open(settings)
    socket.write(opening)
    let head = ''
    socket.on('error', reject)
    socket.on('data', function answered(chunk: Buffer) {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', answered)
      if (head.startsWith('HTTP/1.1 101')) resolve(socket)
      else reject(new Error(head))
    })
  })
}

function talk(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    let bytes = 0
    let sinceMs = performance.now()
    let ended = false
    const end = () => {
      ended = true
      socket.destroy()
    }
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes < PLAIN_BYTES) return
      bytes -= PLAIN_BYTES
      tally.done(sinceMs)
      sinceMs = performance.now()
      if (sinceMs < endMs) socket.write(message)
      else end()
    })
    socket.on('close', () => {
      if (!ended) tally.errors++
      resolve()
    })
    socket.setTimeout(10_000, () => socket.destroy())
    socket.write(message)
  })
}
