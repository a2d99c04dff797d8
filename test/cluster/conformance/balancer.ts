import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { openAccess } from '../../../src/kubernetes/access.ts'
import { ApiClient } from '../../../src/kubernetes/client.ts'
import type { Collection } from '../../../src/kubernetes/collection.ts'
import { Reflector } from '../../../src/kubernetes/reflector.ts'
import type { RealCluster } from '../../support/real-cluster.ts'
import { gatewayAddress, isGatewayAddress } from './network.ts'

const MERGE = 'application/merge-patch+json'
const LOOPBACK = '127.0.0.1'
/** A client of UDP that says nothing for as long is another one. */
const SILENCE_MS = 60_000
const services: Collection = {
  kind: { group: '', kind: 'Service', plural: 'services', versions: ['v1'] },
  namespace: null,
}

interface Balanced {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly spec: {
    readonly type?: string
    readonly loadBalancerIP?: string
    readonly ports?: readonly Port[]
  }
}

interface Port {
  readonly protocol?: string
  readonly port: number
  readonly targetPort?: number | string
}

/** What listens for one port of a Service. */
interface Listening {
  readonly close: () => void
}

interface Given {
  readonly address: string
  readonly listening: Map<string, Listening>
}

/**
 * A balancer for the Services of a cluster: each gets an address of its own, or the one that it asks for where that is to be
 * had, and what comes there goes to the port of the Pods, which are one process of this machine.
 */
export class Balancer {
  private readonly cluster: RealCluster
  private readonly given = new Map<string, Given>()
  /** One after another: the ports of a Service may change faster than sockets open. */
  private working: Promise<void> = Promise.resolve()
  private count = 0

  private constructor(cluster: RealCluster) {
    this.cluster = cluster
  }

  static async start(cluster: RealCluster): Promise<void> {
    const balancer = new Balancer(cluster)
    const client = new ApiClient(await openAccess({ kubeconfig: cluster.kubeconfig, context: '', env: {} }))
    const sink = {
      put: (object: unknown) => balancer.seen(object as Balanced),
      remove: (object: unknown) => balancer.later(() => balancer.drop((object as Balanced).metadata.uid)),
      retain: (uids: ReadonlySet<string>) => {
        for (const uid of balancer.given.keys()) if (!uids.has(uid)) balancer.later(() => balancer.drop(uid))
      },
      state: () => {},
      heard: () => {},
      gone: () => {},
    }
    void new Reflector(client, services, sink, () => Promise.resolve('served')).run()
  }

  private seen(service: Balanced): string {
    this.later(() => this.balance(service))
    return service.metadata.uid
  }

  private later(work: () => void | Promise<void>): void {
    this.working = this.working.then(work).catch((error: unknown) => {
      process.stderr.write(`a Service has no balancer: ${String(error)}\n`)
    })
  }

  private async balance({ metadata, spec }: Balanced): Promise<void> {
    const { uid, namespace, name } = metadata
    const before = this.given.get(uid)
    const address = spec.type === 'LoadBalancer' ? this.addressFor(spec.loadBalancerIP, before) : null
    if (before !== undefined && before.address !== address) this.drop(uid)
    if (address === null) return
    const given = before?.address === address ? before : { address, listening: new Map<string, Listening>() }
    this.given.set(uid, given)
    const wanted = new Map((spec.ports ?? []).map(one => [keyOf(one), one]))
    for (const [key, { close }] of given.listening) {
      if (wanted.has(key)) continue
      close()
      given.listening.delete(key)
    }
    for (const [key, one] of wanted)
      if (!given.listening.has(key)) given.listening.set(key, await listen(address, one))
    if (given === before) return
    const status = { loadBalancer: { ingress: [{ ip: address }] } }
    const path = `/api/v1/namespaces/${namespace}/services/${name}/status`
    await this.cluster.ask('PATCH', path, { status }, MERGE)
  }

  /** Null: none. */
  private addressFor(asked: string | undefined, before: Given | undefined): string | null {
    if (asked) return isGatewayAddress(asked) ? asked : null
    return before?.address ?? gatewayAddress(++this.count)
  }

  private drop(uid: string): void {
    for (const { close } of this.given.get(uid)?.listening.values() ?? []) close()
    this.given.delete(uid)
  }
}

function keyOf({ protocol = 'TCP', port, targetPort = '' }: Port): string {
  return `${protocol} ${port} ${targetPort}`
}

function listen(address: string, { protocol = 'TCP', port, targetPort }: Port): Promise<Listening> {
  const target = Number(targetPort)
  return protocol === 'UDP'
    ? listenForDatagrams(address, port, target)
    : listenForBytes(address, port, target)
}

async function listenForBytes(address: string, port: number, target: number): Promise<Listening> {
  const open = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
    const pods = connect({ host: LOOPBACK, port: target, allowHalfOpen: true, noDelay: true })
    client.pipe(pods)
    pods.pipe(client)
    for (const [one, other] of [
      [client, pods],
      [pods, client],
    ] as const) {
      open.add(one)
      // As it ended: a connection that was reset is told so.
      one.on('error', () => other.resetAndDestroy())
      one.on('close', () => {
        open.delete(one)
        if (!other.destroyed && !one.readableEnded) other.destroy()
      })
    }
  })
  await once(server.listen(port, address), 'listening')
  const close = (): void => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return { close }
}

async function listenForDatagrams(address: string, port: number, target: number): Promise<Listening> {
  const clients = new Map<string, Datagrams>()
  const front = createSocket('udp4')
  front.on('message', (data, from) => {
    const key = `${from.address} ${from.port}`
    let back = clients.get(key)
    if (back === undefined) {
      const made = createSocket('udp4')
      back = made
      clients.set(key, made)
      made.on('message', answer => front.send(answer, from.port, from.address))
      made.on('error', () => {})
      setTimeout(() => {
        clients.delete(key)
        made.close()
      }, SILENCE_MS).unref()
    }
    back.send(data, target, LOOPBACK)
  })
  front.bind(port, address)
  await once(front, 'listening')
  return { close: () => front.close() }
}
