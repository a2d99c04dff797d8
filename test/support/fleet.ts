import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import { Folder, freePort, RunProcess } from './process.ts'

const declared = (port: number, upstream: number, limits: readonly object[]): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec: { gatewayClassName: portcullis, listeners: [{ name: http, protocol: HTTP, port: ${port} }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: pets }
spec:
  parentRefs: [{ name: web }]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: pets }] }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: pets }
spec: { endpoints: [{ address: 127.0.0.1, port: ${upstream} }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: API
metadata: { name: pets }
spec: { routeRefs: [{ name: pets }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Product
metadata: { name: pets }
spec: { apis: [{ name: pets }], plans: [{ name: free }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: free }
spec: { limits: ${JSON.stringify(limits)} }
`

export interface FleetOptions {
  /** PostgreSQL. */
  readonly store: string
  /** The port of the backend of all. */
  readonly upstream: number
  /** Of the plan `free`, which anybody has who has subscribed. */
  readonly limits?: readonly object[]
  /** Of each gateway. */
  readonly workers?: number
  /** More of the command line. */
  readonly args?: readonly string[]
}

const many = [{ name: 'burst', kind: 'Rate', amount: 100_000, per: 'Second' }]

/** Gateways that share a database and secrets, each with resources and data of its own. */
export class Fleet implements AsyncDisposable {
  readonly secrets = new Folder()
  private readonly folders: Folder[] = [this.secrets]
  private readonly running: RunProcess[] = []
  private readonly options: FleetOptions

  constructor(options: FleetOptions) {
    this.options = options
    writeFileSync(join(this.secrets.path, 'admin-token'), 'a-token-that-is-long-enough')
    const pepper = Buffer.alloc(32, 7).toString('base64')
    this.secrets.write('peppers.json', JSON.stringify({ current: 1, peppers: { 1: pepper } }))
  }

  async add(): Promise<Member> {
    const [resources, data] = [new Folder(), new Folder()]
    this.folders.push(resources, data)
    const port = await freePort()
    const { upstream, limits = many } = this.options
    resources.write('all.yaml', declared(port, upstream, limits))
    return this.begin({ resources: resources.path, data: data.path, port })
  }

  /** One that was there before, with what it has kept. */
  async begin(place: Place): Promise<Member> {
    const { store, workers = 2, args = [] } = this.options
    const own = ['--data', place.data, '--secrets', this.secrets.path, '--store', store]
    const process = await RunProcess.start([place.resources], ...own, '--workers', String(workers), ...args)
    this.running.push(process)
    await process.started()
    return new Member(process, place)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.running) await process[Symbol.asyncDispose]()
    for (const folder of this.folders) folder[Symbol.dispose]()
  }
}

interface Place {
  readonly resources: string
  readonly data: string
  readonly port: number
}

/** One gateway of them. */
export class Member {
  readonly process: RunProcess
  readonly place: Place

  constructor(process: RunProcess, place: Place) {
    this.process = process
    this.place = place
  }

  async status(key: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.place.port}/`, { headers: { 'x-api-key': key } })
    await response.arrayBuffer()
    return response.status
  }

  async until(key: string, status: number): Promise<void> {
    while ((await this.status(key)) !== status) await later(10)
  }

  /** As the operator. */
  async ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${this.process.admin}/v1${path}`, {
      method,
      headers: {
        authorization: 'Bearer a-token-that-is-long-enough',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
}
