import { fieldOf } from '../../model/words.ts'
import type { ApiClient } from '../client.ts'
import type { Collection } from '../collection.ts'
import { Reflector, type ReflectorState } from '../reflector.ts'

/** apps/v1, as far as it is looked at. Its template is taken as it is: this program knows no more of Pods than it changes. */
export interface Deployment {
  readonly metadata: {
    readonly name: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly generation?: number
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields?: unknown
  }
  readonly spec: DeploymentSpec
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message?: string
    }[]
  }
}

export interface DeploymentSpec {
  readonly replicas?: number
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  readonly template?: PodTemplate
  readonly [field: string]: unknown
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: PodSpec
}

export interface PodSpec {
  readonly containers?: readonly Container[]
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[]
  readonly [field: string]: unknown
}

export interface Container {
  readonly name?: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly [field: string]: unknown }[]
  readonly resources?: {
    readonly requests?: Readonly<Record<string, unknown>>
    readonly limits?: Readonly<Record<string, unknown>>
  }
  readonly [field: string]: unknown
}

export const DEPLOYMENTS: Collection['kind'] = {
  group: 'apps',
  kind: 'Deployment',
  plural: 'deployments',
  versions: ['v1'],
}

/** The Deployments of one namespace, as the server had them last. */
export class Deployments {
  private readonly known = new Map<string, Deployment>()
  private readonly changed: () => void
  private readonly reflector: Reflector
  private state: ReflectorState | null = null
  private why = 'Deployments are not listed yet'

  constructor(client: ApiClient, namespace: string, changed: () => void) {
    this.changed = changed
    const sink = {
      put: (object: unknown) => this.put(object),
      remove: (object: unknown) => this.drop(nameOf(object)),
      retain: (keys: ReadonlySet<string>) => {
        for (const name of this.known.keys()) if (!keys.has(name)) this.drop(name)
      },
      state: (now: ReflectorState, error: Error | null) => this.stateOf(now, error),
      heard: () => {},
      gone: () => {},
    }
    const collection = { kind: DEPLOYMENTS, namespace }
    this.reflector = new Reflector(client, collection, sink, () => Promise.resolve('served'))
  }

  /** Resolves when it is closed. */
  async run(): Promise<void> {
    await this.reflector.run()
  }

  close(): void {
    this.reflector.close()
  }

  /** Why it is not known what there is; "" where it is. A server that fails has told it before. */
  get problem(): string {
    return this.state === 'synced' ? '' : this.why
  }

  /** Whether they cannot be had, and are not only awaited. */
  get isRefused(): boolean {
    return this.state !== null && this.problem !== ''
  }

  get(name: string): Deployment | undefined {
    return this.known.get(name)
  }

  all(): readonly Deployment[] {
    return [...this.known.values()]
  }

  private put(object: unknown): string {
    const name = nameOf(object)
    const { metadata, ...rest } = object as Deployment
    // Larger than the rest, and nobody looks at it.
    this.known.set(name, { ...rest, metadata: { ...metadata, managedFields: undefined } })
    this.changed()
    return name
  }

  private drop(name: string): void {
    if (this.known.delete(name)) this.changed()
  }

  private stateOf(now: ReflectorState, error: Error | null): void {
    const isFirst = this.state === null
    if (now === 'failing' && this.state === 'synced') return
    this.state = now
    const before = this.why
    this.why =
      now === 'synced'
        ? ''
        : `Deployments cannot be read: ${error?.message ?? ''}; a role needs list and watch`
    if (isFirst || this.why !== before) this.changed()
  }
}

function nameOf(object: unknown): string {
  const name = fieldOf(fieldOf(object, 'metadata'), 'name')
  if (typeof name !== 'string' || name === '') throw new Error('an object has no name')
  return name
}

/**
 * Whether a Pod of its newest version is available. How many of those that are, are new, is not said; but where more are
 * available than are old, one of them is new.
 */
export function isAvailable({ metadata: { generation = 0 }, status = {} }: Deployment): boolean {
  const { observedGeneration = -1, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status
  return observedGeneration >= generation && availableReplicas > replicas - updatedReplicas
}

/** What Kubernetes says of why there are no Pods, such as a quota, or of why it does not go on; "" where it says nothing. */
export function troubleOf({ status }: Deployment): string {
  const found = status?.conditions?.find(
    one =>
      (one.type === 'ReplicaFailure' && one.status === 'True') ||
      (one.type === 'Progressing' && one.status === 'False'),
  )
  return found?.message ?? ''
}
