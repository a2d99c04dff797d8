import { createServer, type Server } from 'node:http'
import { WebSocketServer } from 'ws'

/** A feed by WebSocket: `/ticks?sku=tea` tells the price now and each half second another one. */
export function pricesServer(): Server {
  const server = createServer((_, response) => response.writeHead(426).end())
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    const sku = new URL(request.url ?? '/', 'ws://prices').searchParams.get('sku') ?? ''
    let price = 4
    const tell = () => socket.send(JSON.stringify({ sku, price }))
    const timer = setInterval(() => {
      price = price === 9 ? 4 : price + 1
      tell()
    }, 500)
    socket.on('close', () => clearInterval(timer)).on('error', () => undefined)
    tell()
  })
  return server
}
