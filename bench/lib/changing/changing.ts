/** 10,000 prefixes, as 625 groups of 16: as many files, objects or nothing at all, by what the program calls them. */
export const GROUPS = 625
export const GROUP = 16
/** The group whose first prefix changes. */
export const CHANGED = 100

export interface World {
  /** Its own folder. */
  readonly dir: string
  readonly port: number
  readonly adminPort: number
  /** Of the two backends; requests go to the first until that is changed. */
  readonly backends: readonly [number, number]
  readonly program: string
}

/** One program under change, set up in its own folder. */
export interface Changing {
  readonly command: readonly string[]
  /** Puts the n-th prefix in the place of the one before. `pid` is the process that was started. */
  changeRoute(n: number, pid: number): Promise<void>
  /** Has all requests sent to the other backend. */
  changeEndpoint(backend: 0 | 1, pid: number): Promise<void>
}

export interface Changer {
  readonly name: string
  /** Looked for on this machine; null is ours, as it is built. */
  readonly program: string | null
  prepare(world: World): Changing
}

/** Prefixes are `/r7`: the changed one is another number each time, beyond all others. */
export function prefixes(change: number): string[] {
  const all = Array.from({ length: GROUPS * GROUP }, (_, i) => `/r${i}`)
  all[CHANGED * GROUP] = changedPrefix(change)
  return all
}

export function changedPrefix(change: number): string {
  return `/r${GROUPS * GROUP + change}`
}
