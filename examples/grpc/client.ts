// Calls the service through the gateway, and prints what comes of it.
import {
  Client,
  credentials,
  Metadata,
  status,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js'
import { parseArgs } from 'node:util'
import { inventory, type Item, type Stock } from './service.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } })
const client = new Client(`127.0.0.1:${values.port}`, credentials.createInsecure())
const { Get, Watch } = inventory as unknown as Readonly<Record<string, MethodDefinition<Item, Stock>>>

await get({ name: 'apple' })
await get({ name: 'plum' })
await get({ name: 'slow' }, { deadline: Date.now() + 300 })
await get({ name: 'apple' }, {}, '/shop.Orders/Get')
await watch({ name: 'apple' })
client.close()

/** One call of Get, or of a method that nobody has a route for. */
function get(item: Item, options: { deadline?: number } = {}, path: string = Get!.path): Promise<void> {
  const { requestSerialize, responseDeserialize } = Get!
  return new Promise(resolve => {
    const print = (error: ServiceError | null, stock?: Stock): void => {
      console.log(`${path} ${item.name}: ${error === null ? JSON.stringify(stock) : said(error)}`)
      resolve()
    }
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, item, new Metadata(), options, print)
  })
}

async function watch(item: Item): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = Watch!
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, item)
  for await (const { count } of call as AsyncIterable<Stock>) console.log(`${path} ${item.name}: ${count}`)
}

function said({ code, details }: ServiceError): string {
  return `${status[code]} ${details}`
}
