import { createHash } from 'node:crypto'

/** Below what systems take for connections of their own, above what needs a right to be listened on. */
export const TARGET_PORTS = { first: 20_000, count: 10_000 } as const

/**
 * Which ports of the Pods are whose. Each port of a Gateway has one of its own: the one that its Service has, or else the
 * first that is free from where its name points, so that whoever makes the Service again makes the same.
 */
export class TargetPorts {
  private readonly owners = new Map<number, string>()

  /** Whether it is theirs now: somebody else may have had it before. */
  claim(target: number, owner: string): boolean {
    const first = this.owners.get(target)
    if (first === undefined) this.owners.set(target, owner)
    return first === undefined || first === owner
  }

  /** Null where all are taken. */
  find(owner: string): number | null {
    const start = createHash('sha256').update(owner).digest().readUInt32BE(0) % TARGET_PORTS.count
    for (let i = 0; i < TARGET_PORTS.count; i++) {
      const target = TARGET_PORTS.first + ((start + i) % TARGET_PORTS.count)
      if (!this.owners.has(target)) {
        this.owners.set(target, owner)
        return target
      }
    }
    return null
  }
}

export function isTargetPort(port: number): boolean {
  return port >= TARGET_PORTS.first && port < TARGET_PORTS.first + TARGET_PORTS.count
}
