import { fileURLToPath } from 'node:url'
import {
  Server,
  ServerCredentials,
  status,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

export interface Item {
  readonly name: string
}

export interface Stock {
  readonly name: string
  readonly count: number
  readonly via: string
}

const loaded = loadSync(fileURLToPath(new URL('inventory.proto', import.meta.url)), { defaults: true })
/** shop.Inventory, for its server and its clients. */
export const inventory = loaded['shop.Inventory'] as ServiceDefinition

const counts: Readonly<Record<string, number>> = { apple: 3, pear: 5 }

/** Knows apples and pears; `slow` is answered after a second. */
const Get: handleUnaryCall<Item, Stock> = (call, answer) => {
  const { name } = call.request
  const count = counts[name]
  const via = String(call.metadata.get('x-via')[0] ?? '')
  if (name === 'slow') setTimeout(() => answer(null, { name, count: 0, via }), 1000)
  else if (count === undefined) answer({ code: status.NOT_FOUND, details: `no ${name} here` })
  else answer(null, { name, count, via })
}

/** Three of them are sold, one after another. */
const Watch: handleServerStreamingCall<Item, Stock> = call => {
  const { name } = call.request
  let count = counts[name] ?? 0
  const timer = setInterval(() => {
    call.write({ name, count: count--, via: '' })
    if (count < 0) call.end()
  }, 100)
  for (const event of ['close', 'cancelled'] as const) call.on(event, () => clearInterval(timer))
}

/** The service on this port of 127.0.0.1; resolves with the port, which is another one for 0. */
export function startService(port: number): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server()
  server.addService(inventory, { Get, Watch })
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve({ server, port: bound })
      else reject(error)
    })
  })
}
