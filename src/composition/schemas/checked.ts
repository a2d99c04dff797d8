import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { allowList } from './allow-list.ts'

export interface Fault {
  /** `query/limit`, `body/items/0/id` */
  readonly at: string
  readonly message: string
}

/** Beyond that nobody reads on; a body can be made to have a million of them. */
const MOST_FAULTS = 10

export interface Reading {
  readonly value: unknown
  /** None where it fits. */
  readonly faults: readonly Fault[]
}

const made = new WeakMap<TSchema, Checked>()

/** A schema as a request or an answer meets it: compiled when the first does. */
export class Checked {
  private readonly name: string
  private readonly schema: TSchema
  private readonly pick: (value: unknown) => unknown
  private validator: Validator | null = null

  /** `name` is what faults begin with. */
  constructor(name: string, schema: TSchema) {
    this.name = name
    this.schema = schema
    this.pick = allowList(schema)
  }

  /** Of the schema of an answer, the same for all engines: of the tests of a gateway each has its own. */
  static of(name: string, schema: TSchema): Checked {
    let checked = made.get(schema)
    if (checked?.name !== name) made.set(schema, (checked = new Checked(name, schema)))
    return checked
  }

  /** What goes out: what the schema does not name is left out, then the rest is to fit. */
  allow(value: unknown): Reading {
    const picked = this.pick(value)
    return { value: picked, faults: this.faults(picked) }
  }

  /** What comes in: it is to fit, so that `additionalProperties: false` refuses; what passes is then what the schema names. */
  take(value: unknown): Reading {
    const faults = this.faults(value)
    return { value: faults.length === 0 ? this.pick(value) : value, faults }
  }

  /** The same of text by name, as queries and fields have it: numbers and booleans are made where they are meant. */
  convert(value: unknown): Reading {
    return this.take(this.compiled.Convert(value))
  }

  private get compiled(): Validator {
    return (this.validator ??= Compile(this.schema))
  }

  private faults(value: unknown): readonly Fault[] {
    const { compiled } = this
    if (compiled.Check(value)) return []
    return compiled
      .Errors(value)
      .slice(0, MOST_FAULTS)
      .map(({ instancePath, message }) => ({ at: `${this.name}${instancePath}`, message }))
  }
}
