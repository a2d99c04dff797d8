import { EventEmitter, on } from 'node:events'
import { createServer, type Http2Server } from 'node:http2'
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { Stock } from '../.portcullis/stock/v1/stock_pb.ts'

/** The gRPC service of contracts/stock/v1/stock.proto. */
export function stockServer(): Http2Server {
  const levels = new Map([
    ['tea', 5],
    ['mug', 2],
  ])
  const changes = new EventEmitter().setMaxListeners(0)

  const levelOf = (sku: string) => {
    const count = levels.get(sku)
    if (count === undefined) throw new ConnectError(`no ${sku} here`, Code.NotFound)
    return { sku, count }
  }
  async function* watchLevel({ sku }: { sku: string }, { signal }: HandlerContext) {
    // Heard before it is read, so that none is missed in between.
    const changed = on(changes, sku, { signal })
    yield levelOf(sku)
    for await (const _ of changed) yield levelOf(sku)
  }
  const reserve = ({ sku, count }: { sku: string; count: number }) => {
    const left = levelOf(sku).count - count
    if (left < 0) throw new ConnectError(`not so many of ${sku}`, Code.FailedPrecondition)
    levels.set(sku, left)
    changes.emit(sku)
    return levelOf(sku)
  }
  const handlers = { getLevel: ({ sku }: { sku: string }) => levelOf(sku), watchLevel, reserve }
  return createServer(connectNodeAdapter({ routes: router => void router.service(Stock, handlers) }))
}
