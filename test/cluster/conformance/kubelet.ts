import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { openAccess } from '../../../src/kubernetes/access.ts'
import { ApiClient } from '../../../src/kubernetes/client.ts'
import type { Collection } from '../../../src/kubernetes/collection.ts'
import { Reflector } from '../../../src/kubernetes/reflector.ts'
import { selfSigned } from '../../support/certificates.ts'
import type { RealCluster } from '../../support/real-cluster.ts'
import { NODE_ADDRESS, podAddress, wire } from './network.ts'
import { commandOf, foldersOf, type Pod, type ReadObject } from './pod.ts'

const NODE = 'node'
const PORT = 10_250
const MERGE = 'application/merge-patch+json'
const LOG_LINES = 20_000
const pods: Collection = {
  kind: { group: '', kind: 'Pod', plural: 'pods', versions: ['v1'] },
  namespace: null,
}

/** A Pod that is there: its process, and what that has said. */
interface Running {
  readonly pod: Pod
  readonly lines: { readonly atMs: number; readonly text: string }[]
  child: ChildProcess | null
  isStopped: boolean
}

/** The program of an image, and the port by which it is known to be ready; null for images that do nothing here. */
export type ProgramOf = (
  image: string,
  env: Readonly<Record<string, string>>,
) => { readonly program: string; readonly port: number | null } | null

/**
 * A node of tests: it takes every Pod of a cluster, runs the first container as a process in a network of its own, mounts
 * Secrets and ConfigMaps as they are when it begins, says that it is ready once its port is open, and shows its log. There
 * are no probes, and no `exec`.
 */
export class Kubelet {
  private readonly cluster: RealCluster
  private readonly programOf: ProgramOf
  private readonly running = new Map<string, Running>()
  private begun = 0

  private constructor(cluster: RealCluster, programOf: ProgramOf) {
    this.cluster = cluster
    this.programOf = programOf
  }

  static async start(cluster: RealCluster, programOf: ProgramOf): Promise<Kubelet> {
    const kubelet = new Kubelet(cluster, programOf)
    const pair = await selfSigned({ names: [NODE], ips: [NODE_ADDRESS] })
    const server: Server = createServer({ cert: pair.chain, key: pair.key })
    server.on('request', (request, response) => kubelet.showLog(request, response))
    await once(server.listen(PORT, NODE_ADDRESS), 'listening')
    await kubelet.register()
    const { kubeconfig } = cluster
    const client = new ApiClient(await openAccess({ kubeconfig, context: '', env: {} }))
    const sink = {
      put: (object: unknown) => kubelet.seen(object as Pod),
      remove: (object: unknown) => kubelet.stop((object as Pod).metadata.uid),
      retain: (uids: ReadonlySet<string>) => {
        for (const uid of kubelet.running.keys()) if (!uids.has(uid)) kubelet.stop(uid)
      },
      state: () => {},
      heard: () => {},
      gone: () => {},
    }
    void new Reflector(client, pods, sink, () => Promise.resolve('served')).run()
    return kubelet
  }

  private async register(): Promise<void> {
    const room = { cpu: '64', memory: '64Gi', pods: '500' }
    await this.ask('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } })
    const status = {
      capacity: room,
      allocatable: room,
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }],
      addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }],
      daemonEndpoints: { kubeletEndpoint: { Port: PORT } },
    }
    await this.ask('PATCH', `/api/v1/nodes/${NODE}/status`, { status })
  }

  private seen(pod: Pod): string {
    const { uid, deletionTimestamp } = pod.metadata
    if (deletionTimestamp !== undefined) void this.end(pod)
    else if (!this.running.has(uid)) void this.begin(pod)
    return uid
  }

  private async begin(pod: Pod): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    const running: Running = { pod, lines: [], child: null, isStopped: false }
    this.running.set(uid, running)
    const target = { apiVersion: 'v1', kind: 'Node', name: NODE }
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target }
    await this.ask('POST', `${pathOf(pod)}/binding`, binding)
    const folder = join(this.cluster.folder, 'volumes')
    let folders = await foldersOf(pod, folder, this.read)
    for (; folders === null && !running.isStopped; folders = await foldersOf(pod, folder, this.read))
      await delay(200)
    if (folders === null) return
    const { args, env } = commandOf(pod, folders)
    const program = this.programOf(pod.spec.containers[0].image, env)
    const n = ++this.begun
    if (program !== null) {
      await this.launch(running, [program.program, ...args], env, n)
      if (program.port !== null) await isOpen(podAddress(n), program.port, running)
    }
    if (!running.isStopped) await this.ask('PATCH', `${pathOf(pod)}/status`, { status: ready(pod, n) })
  }

  private async launch(
    running: Running,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    n: number,
  ): Promise<void> {
    // It waits on its standard input until its network is there; the same process becomes the program then.
    const waits = ['--net', 'sh', '-c', 'read go; exec "$@" </dev/null', 'sh', ...command]
    const child = spawn('unshare', waits, { env: { PATH: process.env['PATH'], ...env } })
    running.child = child
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', text => {
        running.lines.push({ atMs: Date.now(), text })
        if (running.lines.length > LOG_LINES) running.lines.splice(0, LOG_LINES / 2)
      })
    child.on('exit', () => {
      const { namespace, name } = running.pod.metadata
      const said = running.lines.at(-1)?.text ?? ''
      if (!running.isStopped) process.stderr.write(`Pod ${namespace}/${name} has ended: ${said}\n`)
    })
    await wire(child.pid!, `pod${n}`, podAddress(n))
    child.stdin.end('go\n')
  }

  private readonly read: ReadObject = async path => {
    const { status, body } = await this.cluster.ask('GET', path)
    return status === 200 ? (JSON.parse(body) as Awaited<ReturnType<ReadObject>>) : null
  }

  private async end(pod: Pod): Promise<void> {
    const { uid } = pod.metadata
    this.stop(uid)
    await this.ask('DELETE', pathOf(pod), { gracePeriodSeconds: 0, preconditions: { uid } })
  }

  private stop(uid: string): void {
    const running = this.running.get(uid)
    if (running === undefined) return
    running.isStopped = true
    running.child?.kill('SIGKILL')
    this.running.delete(uid)
  }

  private async ask(method: string, path: string, body: object): Promise<void> {
    const type = method === 'PATCH' ? MERGE : 'application/json'
    const { status, body: said } = await this.cluster.ask(method, path, body, type)
    // It is gone, or it is done.
    if (status >= 400 && status !== 404 && status !== 409)
      process.stderr.write(`${method} ${path}: ${status} ${said}\n`)
  }

  /** `/containerLogs/NAMESPACE/POD/CONTAINER?sinceTime=…`, as the API server asks for it. */
  private showLog({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, 'https://node')
    const [, what, namespace, name] = pathname.split('/')
    const running = [...this.running.values()].find(
      ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
    )
    if (what !== 'containerLogs' || running === undefined) return void response.writeHead(404).end()
    const since = searchParams.get('sinceTime')
    const fromMs = since === null ? 0 : Date.parse(since)
    const lines = running.lines.filter(({ atMs }) => atMs >= fromMs)
    response.end(lines.map(({ text }) => `${text}\n`).join(''))
  }
}

function pathOf({ metadata: { namespace, name } }: Pod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`
}

function ready({ spec }: Pod, n: number): object {
  const [{ name, image }] = spec.containers
  const at = new Date().toISOString().replace(/\.\d+/, '')
  const state = { running: { startedAt: at } }
  return {
    phase: 'Running',
    startTime: at,
    hostIP: NODE_ADDRESS,
    podIP: podAddress(n),
    podIPs: [{ ip: podAddress(n) }],
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(type => ({
      type,
      status: 'True',
      lastTransitionTime: at,
    })),
    containerStatuses: [{ name, image, imageID: image, ready: true, started: true, restartCount: 0, state }],
  }
}

async function isOpen(host: string, port: number, running: Running): Promise<void> {
  while (!running.isStopped) {
    const socket = connect({ host, port })
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (open) return
    await delay(50)
  }
}
