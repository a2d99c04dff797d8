import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

interface Pet {
  readonly id: number
  readonly name: string
}

/** What is in openapi.yaml, below /v1, on 127.0.0.1; port 0 lets the system choose. It knows of keys and plans nothing. */
export async function startService(
  wanted: number,
): Promise<{ readonly port: number; readonly server: Server }> {
  const pets: Pet[] = ['Ada', 'Brunel'].map((name, i) => ({ id: i + 1, name }))
  const server = createServer((request, response) => {
    void answer(pets, request).then(
      ([status, body]) =>
        response
          .writeHead(status, { 'Content-Type': 'application/json' })
          .end(body === null ? '' : `${JSON.stringify(body)}\n`),
      () => response.destroy(),
    )
  }).listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, server }
}

async function answer(
  pets: Pet[],
  request: IncomingMessage,
): Promise<readonly [status: number, body: unknown]> {
  const [, id] = /^\/v1\/pets(?:\/(\d+))?$/.exec(request.url?.split('?', 1)[0] ?? '') ?? [null, null]
  if (id === null) return [404, { title: 'there is nothing' }]
  if (request.method === 'POST') {
    const { name } = JSON.parse(await text(request)) as { readonly name?: unknown }
    const pet = { id: pets.length + 1, name: String(name) }
    pets.push(pet)
    return [201, pet]
  }
  if (id === undefined) return [200, pets]
  const pet = pets.find(one => String(one.id) === id)
  return pet === undefined ? [404, { title: `there is no pet ${id}` }] : [200, pet]
}
