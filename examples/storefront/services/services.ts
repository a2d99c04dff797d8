import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { picturesServer } from './pictures.ts'
import { pricesServer } from './prices.ts'
import { shopServer } from './shop.ts'
import { stockServer } from './stock.ts'

/** As written in portcullis/backends.yaml. */
export const writtenPorts = { shop: 9001, stock: 9002, prices: 9003, pictures: 9004 } as const

export type ServiceName = keyof typeof writtenPorts

/** The four services on 127.0.0.1, each on the written port, or, with `free`, on whichever the system chooses. */
export async function startServices(free: boolean): Promise<Readonly<Record<ServiceName, number>>> {
  const servers: Readonly<Record<ServiceName, Server | Http2Server>> = {
    shop: shopServer(),
    stock: stockServer(),
    prices: pricesServer(),
    pictures: picturesServer(),
  }
  const ports: Record<ServiceName, number> = { ...writtenPorts }
  for (const name of Object.keys(servers) as ServiceName[]) {
    const server = servers[name]
    await once(server.listen(free ? 0 : writtenPorts[name], '127.0.0.1'), 'listening')
    // It serves as long as the gateway does, whose end is that of the process.
    server.unref()
    ports[name] = (server.address() as AddressInfo).port
  }
  return ports
}
