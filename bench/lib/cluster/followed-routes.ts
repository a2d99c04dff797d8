import { KubeConfig, Watch } from '@kubernetes/client-node'

interface Route {
  readonly metadata: {
    readonly name: string
    readonly generation: number
    readonly labels?: { readonly of?: string }
  }
  readonly status?: {
    readonly parents?: readonly {
      readonly conditions: readonly { readonly observedGeneration: number }[]
    }[]
  }
}

/** What the API server has of the bench's routes, by a watch: lists of thousands would cost it as much as their statuses. */
export class FollowedRoutes implements Disposable {
  private readonly watch: Watch
  private readonly known = new Map<string, { readonly label: string; readonly isTold: boolean }>()
  private readonly over = new AbortController()
  private current: AbortController | null = null

  constructor(kubeconfig: string) {
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    this.watch = new Watch(config)
    void this.run()
  }

  /** How many of this label have a status of their present generation. */
  told(label: string): number {
    return this.known.values().reduce((sum, one) => sum + Number(one.isTold && one.label === label), 0)
  }

  [Symbol.dispose](): void {
    this.over.abort()
    this.current?.abort()
  }

  /** A watch without a version begins with all that is there. */
  private async run(): Promise<void> {
    while (!this.over.signal.aborted) {
      this.known.clear()
      await new Promise<void>(resolve => {
        this.watch
          .watch(
            PATH,
            {},
            (type, object) => this.took(type, object as Route),
            () => resolve(),
          )
          .then(
            one => {
              this.current = one
              if (this.over.signal.aborted) one.abort()
            },
            () => resolve(),
          )
      })
    }
  }

  private took(type: string, { metadata, status }: Route): void {
    if (type === 'DELETED') return void this.known.delete(metadata.name)
    if (type !== 'ADDED' && type !== 'MODIFIED') return
    const conditions = status?.parents?.[0]?.conditions
    const isTold = conditions?.every(one => one.observedGeneration === metadata.generation) === true
    this.known.set(metadata.name, { label: metadata.labels?.of ?? '', isTold })
  }
}

const PATH = '/apis/gateway.networking.k8s.io/v1/namespaces/bench/httproutes'
