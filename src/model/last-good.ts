import { ROLE_ABSENT } from './absent.ts'
import { FOREIGN_KIND } from './foreign.ts'
import type { Part, Said } from './parts.ts'
import type { Problem, Resource, ResourceKey } from './resource.ts'
import type { Unenforced } from './targeting.ts'
import { keyOf, qualifiedKind, refKey, refOf, shortName } from './resources.ts'
import { formatPosition } from './problem.ts'
import type { Identity, Validation } from './validate.ts'

/** What one file says now. */
export interface FileContent extends Said {
  readonly file: string
  /** What it was put together from; none where the file could not be read. */
  readonly parts: readonly Part[]
  /** Set where this is what the file said before, and what it says now is not believed yet: others' objects come first. */
  readonly waiting?: true
}

/** Of a file that says nothing that can be told. */
export function unreadable(file: string, problems: readonly Problem[]): FileContent {
  return { file, validations: [], problems, whole: false, unread: [], attached: [], parts: [] }
}

/** What one file contributes: objects as it has them now, or kept from before. */
export interface FileState {
  readonly file: string
  readonly resources: readonly Resource[]
  readonly unenforced: readonly Unenforced[]
}

/** An object that serves although its declaration is broken now. */
export interface Held {
  readonly key: ResourceKey
  readonly resource: Resource
  /** When that version was read; RFC 3339. */
  readonly since: string
}

export interface Settled {
  readonly files: readonly FileState[]
  readonly problems: readonly Problem[]
  readonly held: readonly Held[]
}

/**
 * Puts together what all files say with what they said before. An object whose declaration is broken
 * keeps its last good version; one that is not declared any more is gone, unless it stood in a file part
 * of which cannot be read, or cannot be told from a broken declaration there. Of two declarations with one
 * key the first counts. Pure; `since` tells when a version was read.
 */
export function settle(
  contents: readonly FileContent[],
  before: readonly FileState[],
  since: (resource: Resource) => string,
): Settled {
  return inPlace(contents, before) ?? new Settler(contents, before, since).run()
}

/** The moment at which it is asked of a version first, and the same for that version ever after: it is part of a text that must not change without a reason. */
export function sinceFirstAsked(): (resource: Resource) => string {
  const known = new WeakMap<Resource, string>()
  return resource => {
    let since = known.get(resource)
    if (since === undefined) known.set(resource, (since = new Date().toISOString()))
    return since
  }
}

/**
 * Where each file has valid objects of the same keys in the same order as before, and nothing else, there is nothing to
 * settle: what changed is in the place of what was there. Null otherwise.
 */
function inPlace(contents: readonly FileContent[], before: readonly FileState[]): Settled | null {
  if (contents.length !== before.length) return null
  const files: FileState[] = []
  for (const [i, content] of contents.entries()) {
    const resources = resourcesInPlace(content, before[i]!)
    if (resources === null) return null
    files.push(
      resources === before[i]!.resources ? before[i]! : { file: content.file, resources, unenforced: [] },
    )
  }
  return { files, problems: [], held: [] }
}

function resourcesInPlace(
  { file, validations, whole, waiting }: FileContent,
  before: FileState,
): readonly Resource[] | null {
  const { resources: old, unenforced } = before
  if (file !== before.file || !whole || waiting || unenforced.length > 0) return null
  if (validations.length !== old.length) return null
  let now: Resource[] | null = null
  for (let i = 0; i < old.length; i++) {
    const validation = validations[i]!
    const { resource, problems } = validation
    if (resource === null || problems.length > 0 || validation.unenforced) return null
    if (resource === old[i]) continue
    if (keyOf(resource) !== keyOf(old[i]!)) return null
    now ??= [...old]
    now[i] = resource
  }
  return now ?? old
}

class Settler {
  private readonly contents: readonly FileContent[]
  private readonly since: (resource: Resource) => string
  private readonly oldFiles: ReadonlyMap<string, FileState>
  private readonly oldKeys: ReadonlyMap<ResourceKey, Resource>
  private readonly taken = new Map<ResourceKey, Resource>()
  /** What files declare that are believed, where others wait. */
  private readonly fresh = new Set<ResourceKey>()
  /** Those that have a last good version. */
  private readonly superseded = new Set<Unenforced>()
  private readonly held: Held[] = []
  private readonly problems: Problem[] = []

  constructor(
    contents: readonly FileContent[],
    before: readonly FileState[],
    since: (resource: Resource) => string,
  ) {
    this.contents = contents
    this.since = since
    this.oldFiles = new Map(before.map(f => [f.file, f]))
    this.oldKeys = new Map(before.flatMap(f => f.resources.map(r => [keyOf(r), r])))
  }

  run(): Settled {
    const waits = this.contents.some(({ waiting }) => waiting)
    if (waits) for (const { validations, waiting } of this.contents) if (!waiting) this.addFresh(validations)
    const declared = this.contents.map(content => ({ content, resources: this.declared(content) }))
    // Only now is it known what other files declare: an object that moved to one of them is not kept here.
    const files = declared.map(({ content, resources }) => ({
      file: content.file,
      resources: [...resources, ...this.kept(content)],
      unenforced: this.unenforced(content),
    }))
    return { files, problems: oncePerKind(this.problems), held: this.held }
  }

  private addFresh(validations: readonly Validation[]): void {
    for (const { identity } of validations) {
      const key = keyOfIdentity(identity)
      if (key !== null) this.fresh.add(key)
    }
  }

  /** Objects of valid declarations, and the last good version of broken ones that say whose they are. */
  private declared({ validations, waiting }: FileContent): Resource[] {
    return validations.flatMap(({ resource, identity, problems, unenforced }) => {
      const key = keyOfIdentity(identity)
      // It moved to another file, and only waits to be taken out of this one.
      if (waiting && key !== null && this.fresh.has(key)) return []
      const old = resource === null && key !== null ? this.oldKeys.get(key) : undefined
      const now = resource ?? old
      if (now === undefined) {
        if (key !== null) this.problems.push(...problems)
        return []
      }
      if (unenforced) this.superseded.add(unenforced)
      const first = this.taken.get(keyOf(now))
      if (first) {
        this.problems.push(...problems, duplicate(now, first, resource === null ? problems : []))
        return []
      }
      this.taken.set(keyOf(now), now)
      this.problems.push(...(old ? this.keep([old], problems) : problems))
      return [now]
    })
  }

  /** Last good objects of this file that may be meant by what is broken in it. */
  private kept(content: FileContent): Resource[] {
    const candidates = (this.oldFiles.get(content.file)?.resources ?? []).filter(
      r => !this.taken.has(keyOf(r)),
    )
    const resources: Resource[] = []
    for (const { resource, identity, problems: own, unenforced } of content.validations) {
      if (resource !== null || keyOfIdentity(identity) !== null) continue
      const problems = unenforced && own.length === 0 ? [unenforced.problem] : own
      // Somebody else's kind is no broken declaration of an object of ours that has the same name.
      if (problems.every(({ severity }) => severity === 'warning')) {
        this.problems.push(...own)
        continue
      }
      const meant = candidates.filter(r => !resources.includes(r) && mayBe(identity, r))
      if (meant.length > 0 && unenforced) this.superseded.add(unenforced)
      this.problems.push(...this.keep(meant, meant.length > 0 ? problems : own))
      resources.push(...meant)
    }
    const rest = content.whole ? [] : candidates.filter(r => !resources.includes(r))
    this.problems.push(...this.keep(rest, content.problems))
    resources.push(...rest)
    for (const resource of resources) this.taken.set(keyOf(resource), resource)
    return resources
  }

  /** What is not in force of this file, with what stood in a part of it that cannot be read. */
  private unenforced({ file, validations, whole, unread }: FileContent): Unenforced[] {
    const now = validations.flatMap(({ unenforced }) => unenforced ?? []).filter(u => !this.superseded.has(u))
    if (whole) return now
    const old = this.oldFiles.get(file)
    const keys = new Set([
      ...validations.map(({ identity }) => keyOfIdentity(identity)),
      ...now.map(({ resource }) => keyOf(resource)),
    ])
    const isLeft = (resource: Resource): boolean => !keys.has(keyOf(resource))
    const before = (old?.unenforced ?? []).filter(({ resource }) => isLeft(resource))
    const left = [...before.map(({ resource }) => resource), ...(old?.resources ?? []).filter(isLeft)]
    return [...now, ...before, ...unread.filter(({ resource }) => !takeOfKind(left, resource))]
  }

  /** Notes what is held, and says so in the first of its problems. */
  private keep(resources: readonly Resource[], problems: readonly Problem[]): readonly Problem[] {
    const held = resources.map(resource => ({ key: keyOf(resource), resource, since: this.since(resource) }))
    this.held.push(...held)
    const [first, ...rest] = problems
    if (first === undefined || held.length === 0) return problems
    const names = held.slice(0, 3).map(h => `${shortName(refOf(h.resource))} of ${h.since}`)
    const more = held.length > 3 ? ` and of ${held.length - 3} more` : ''
    const text =
      resources.length === 1 && first.resource
        ? `keeps the version of ${held[0]?.since ?? ''}`
        : `keeps the version of ${names.join(', ')}${more}`
    return [{ ...first, message: `${first.message}; ${text}` }, ...rest]
  }
}

/** Takes an object of the kind from a list: a text that cannot be read now is likely that of one that was there. */
function takeOfKind(list: Resource[], like: Resource): boolean {
  const kind = qualifiedKind(refOf(like))
  const index = list.findIndex(resource => qualifiedKind(refOf(resource)) === kind)
  if (index >= 0) list.splice(index, 1)
  return index >= 0
}

/** Folders for kubectl hold hundreds of objects that are somebody else's: each of their kinds is told of once. */
function oncePerKind(problems: readonly Problem[]): Problem[] {
  const counts = new Map<string, number>()
  const first = problems.filter(problem => {
    const { resource } = problem
    if (!isLeftOut(problem) || resource === null) return true
    const kind = qualifiedKind(resource)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return counts.get(kind) === 1
  })
  return first.map(problem => {
    if (!isLeftOut(problem) || problem.resource === null) return problem
    return { ...problem, message: leftOut(problem.message, counts.get(qualifiedKind(problem.resource)) ?? 1) }
  })
}

/** Of a kind that is not for us, or for a role that is not wanted here. */
function isLeftOut({ severity, reason }: Problem): boolean {
  return severity === 'warning' && (reason === FOREIGN_KIND || reason === ROLE_ABSENT)
}

/** What is said of a kind that is somebody else's: of its first object, and of how many there are. */
export function leftOut(message: string, count: number): string {
  const others = count === 2 ? ', as is one more' : count > 2 ? `, as are ${count - 1} more` : ''
  return `${message}; it is left out${others}${others === '' ? '' : ' of its kind'}`
}

const keys = new WeakMap<Identity, ResourceKey | null>()

export function keyOfIdentity(identity: Identity): ResourceKey | null {
  let key = keys.get(identity)
  if (key !== undefined) return key
  const { kind, namespace, name } = identity
  key = kind === null || namespace === null || name === null ? null : refKey({ ...kind, namespace, name })
  keys.set(identity, key)
  return key
}

/** What is not known of an identity may be anything: a misspelt kind must not take the object away. */
function mayBe(identity: Identity, resource: Resource): boolean {
  const { metadata } = resource
  return (
    (identity.kind === null || qualifiedKind(identity.kind) === qualifiedKind(refOf(resource))) &&
    (identity.namespace === null || metadata.namespace === '' || identity.namespace === metadata.namespace) &&
    (identity.name === null || identity.name === metadata.name)
  )
}

function duplicate(second: Resource, first: Resource, problems: readonly Problem[]): Problem {
  const there = first.at([])
  const resource = refOf(second)
  return {
    severity: 'error',
    position: problems[0]?.position ?? second.at([]),
    resource,
    path: [],
    message: `is declared twice${there ? `, first at ${formatPosition(there)}, which counts` : ''}; expected one object of kind ${resource.kind} with this name in namespace "${resource.namespace}"`,
  }
}
