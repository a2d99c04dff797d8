/** A typed name. `log` is the field of the access log that has it, where it is to be there. */
export class Note<T> {
  readonly name: string
  readonly log: string | null
  /** Never there: it ties the type to the name. */
  declare readonly type: T

  constructor(name: string, log: string | null = null) {
    this.name = name
    this.log = log
  }
}

/** What is written of an exchange while it lasts: who is asking, by which plan, what it cost. */
export class Notes {
  private readonly all = new Map<Note<unknown>, unknown>()

  get<T>(note: Note<T>): T | undefined {
    // `set` took it as the type of the note.
    return this.all.get(note) as T | undefined
  }

  set<T>(note: Note<T>, value: T): void {
    this.all.set(note, value)
  }

  /** Fields of the access log, name and value. */
  *logged(): IterableIterator<readonly [field: string, value: unknown]> {
    for (const [{ log }, value] of this.all) if (log !== null) yield [log, value]
  }
}
