import type { AbsentKind } from './absent.ts'
import type { ResourceKind } from './kind.ts'
import { NETWORKING } from './kinds/ingress.ts'
import { qualifiedKind } from './resources.ts'

/** Groups in which Kubernetes has kinds beside those that are read. */
const sharedGroups: ReadonlySet<string> = new Set(['', NETWORKING])

/** The kinds that a process reads, put together from those of its roles: whoever reads declarations is given them. */
export class Kinds {
  /** Each once. Their order is the order in which problems and listings name kinds. */
  readonly all: readonly ResourceKind[]
  readonly names: readonly string[]
  /** Of those too whose role does not run: what may be meant by a name that is none. */
  readonly announced: readonly string[]
  /** Groups all of whose kinds are known here by name: another one in them can only be a mistake. */
  readonly wholeGroups: ReadonlySet<string>
  private readonly byKey: ReadonlyMap<string, ResourceKind>
  private readonly absentByKey: ReadonlyMap<string, AbsentKind>

  /** `absent` are those of roles that do not run, and that no role has that runs. */
  constructor(kinds: readonly ResourceKind[], absent: readonly AbsentKind[] = []) {
    this.byKey = new Map(kinds.map(kind => [qualifiedKind(kind), kind]))
    this.all = [...this.byKey.values()]
    this.names = this.all.map(({ kind }) => kind)
    this.announced = [...this.names, ...absent.map(({ kind }) => kind)]
    this.absentByKey = new Map(absent.map(kind => [qualifiedKind(kind), kind]))
    this.wholeGroups = new Set(
      [...this.all, ...absent].map(({ group }) => group).filter(group => !sharedGroups.has(group)),
    )
  }

  /** The kind of that group and name: other groups have kinds of the same name that are somebody else's. */
  find(group: string, kind: string): ResourceKind | undefined {
    return this.byKey.get(qualifiedKind({ group, kind }))
  }

  /** As `find`, of those that are read where their role runs. */
  absent(group: string, kind: string): AbsentKind | undefined {
    return this.absentByKey.get(qualifiedKind({ group, kind }))
  }
}
