/**
 * What checks have found of endpoints (`10.0.0.1:80`), by cluster: "" is healthy, otherwise why it is not. Null of an
 * endpoint or a cluster: it is checked no longer. What is not named stays as it was.
 */
export type Verdicts = Readonly<Record<string, Readonly<Record<string, string | null>> | null>>

/** All of them. It knows nothing of clusters: a worker that begins may hear of verdicts first. */
export class VerdictBook {
  private readonly clusters = new Map<string, Map<string, string>>()

  /** Answers with the clusters of which something is new. */
  take(verdicts: Verdicts): readonly string[] {
    for (const [cluster, said] of Object.entries(verdicts)) {
      if (said === null) this.clusters.delete(cluster)
      else for (const [endpoint, word] of Object.entries(said)) this.note(cluster, endpoint, word)
    }
    return Object.keys(verdicts)
  }

  /** Undefined where it was not checked. */
  of(cluster: string, endpoint: string): string | undefined {
    return this.clusters.get(cluster)?.get(endpoint)
  }

  /** For one who has none of them. */
  get all(): Verdicts {
    return Object.fromEntries(
      this.clusters.entries().map(([cluster, said]) => [cluster, Object.fromEntries(said)]),
    )
  }

  private note(cluster: string, endpoint: string, word: string | null): void {
    let said = this.clusters.get(cluster)
    if (said === undefined) this.clusters.set(cluster, (said = new Map<string, string>()))
    if (word === null) said.delete(endpoint)
    else said.set(endpoint, word)
  }
}
