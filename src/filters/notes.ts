import { LoggedFields } from '../telemetry/logged-fields.ts'

/** Of an object that many exchanges share; it is asked once for each. */
type FieldsOf<T> = (value: T) => LoggedFields['fields']

/**
 * A typed name. `log` is the field of the access log that has it, where it is to be there; of an object that exchanges
 * share, which fields it has there.
 */
export class Note<T> {
  readonly name: string
  /** Its place among those of an exchange. */
  readonly index: number
  private readonly log: string | FieldsOf<T> | null
  private readonly kept = new WeakMap<WeakKey, LoggedFields>()

  constructor(name: string, log: string | (T extends object ? FieldsOf<T> : never) | null = null) {
    this.name = name
    this.log = log
    this.index = all.push(this as Note<unknown>) - 1
  }

  /** Null where the access log has nothing of it. */
  logged(value: T): LoggedFields | null {
    const { log, kept } = this
    if (log === null) return null
    if (typeof log === 'string') return new LoggedFields([[log, value]])
    // Such notes are of objects.
    const known = kept.get(value as WeakKey)
    if (known !== undefined) return known
    const made = new LoggedFields(log(value))
    kept.set(value as WeakKey, made)
    return made
  }
}

/** Every note that there is, a few dozen: each is made once, when its file is read. */
const all: Note<unknown>[] = []

/** What is written of an exchange while it lasts: who is asking, by which plan, what it cost. A map would cost a hash for each. */
export class Notes {
  private readonly values: unknown[] = []

  get<T>(note: Note<T>): T | undefined {
    // `set` took it as the type of the note.
    return this.values[note.index] as T | undefined
  }

  set<T>(note: Note<T>, value: T): void {
    this.values[note.index] = value
  }

  /** What the access log has of it; null where that is nothing. */
  logged(): readonly LoggedFields[] | null {
    let found: LoggedFields[] | null = null
    const { values } = this
    for (let i = 0; i < values.length; i++) {
      if (values[i] === undefined) continue
      const logged = all[i]!.logged(values[i])
      if (logged !== null) (found ??= []).push(logged)
    }
    return found
  }
}
