import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { PeppersKeeper } from '../../../translation/role.ts'
import type { Peppers } from './peppers.ts'
import {
  isOpenToOthers,
  makeSecretFile,
  readSecretFile,
  replaceSecretFile,
  stampOf,
} from '../../../translation/secret-file.ts'

const BYTES = 32
/** `{ "current": 1, "peppers": { "1": "<base64>" } }` */
const EXPECTED = `expected { "current": VERSION, "peppers": { "VERSION": "base64 of ${BYTES} bytes or more" } }`

/** Why there are no peppers; the message names the file and says what was expected. */
export class PeppersFault extends Error {}

/**
 * `peppers.json` in --secrets. With an embedded store it is made at the first start. Who has a database beside several
 * gateways brings the same file for each of them: a gateway that made its own would find every key of the others wrong.
 */
export class PeppersFile implements PeppersKeeper {
  readonly file: string
  private stamp = ''

  constructor(secretsDir: string) {
    this.file = join(secretsDir, 'peppers.json')
  }

  /** `made` says that it was not there; `warning` what is to be mended although it serves. Throws a PeppersFault. */
  open(mayMake: boolean): {
    readonly peppers: Peppers
    readonly made: boolean
    readonly warning: string | null
  } {
    const made = mayMake && this.stampNow() === '' && makeSecretFile(this.file, textOf(firstPeppers()))
    const peppers = this.parsed()
    const warning = isOpenToOthers(this.file)
      ? `${this.file} can be read by others, expected mode 0600`
      : null
    return { peppers, made, warning }
  }

  /** What it says if it is another file than when it was last read; null where it is the same. Throws a PeppersFault. */
  reread(): Peppers | null {
    return this.stampNow() === this.stamp ? null : this.parsed()
  }

  read(): { readonly current: number; readonly versions: readonly number[] } {
    const { current, values } = this.parsed()
    return { current, versions: [...values.keys()].toSorted((a, b) => a - b) }
  }

  make(): void {
    if (!makeSecretFile(this.file, textOf(firstPeppers())))
      throw new PeppersFault(`${this.file} is there already: what is hashed under it needs it`)
  }

  /**
   * One more version, which nothing is made under yet. Where several gateways share a store, each of them has it before
   * any begins to use it.
   */
  add(): number {
    const { current, values } = this.parsed()
    const version = Math.max(...values.keys()) + 1
    this.write({ current, values: new Map([...values, [version, randomBytes(BYTES)]]) })
    return version
  }

  /** From here on new credentials are made under this version. */
  use(version: number): void {
    const { values } = this.parsed()
    this.expect(version, values)
    this.write({ current: version, values })
  }

  /** Takes a version away: what is hashed under it can never be verified again. */
  drop(version: number): void {
    const { current, values } = this.parsed()
    this.expect(version, values)
    if (version === current)
      throw new PeppersFault(`${this.file}: pepper ${version} is the current one, use another one first`)
    this.write({ current, values: new Map([...values].filter(([one]) => one !== version)) })
  }

  private expect(version: number, values: Peppers['values']): void {
    if (!values.has(version))
      throw new PeppersFault(`${this.file} has no pepper ${version}, it has ${[...values.keys()].join(', ')}`)
  }

  private parsed(): Peppers {
    const stamp = this.stampNow()
    const text = readSecretFile(this.file)
    if (text === null)
      throw new PeppersFault(
        `there is no ${this.file}, under which credentials are hashed: bring that of the other gateways of this store; the first one is made by: portcullis keys peppers make`,
      )
    const peppers = parse(text)
    if (peppers === null) throw new PeppersFault(`${this.file} cannot be used, ${EXPECTED}`)
    this.stamp = stamp
    return peppers
  }

  private write(peppers: Peppers): void {
    replaceSecretFile(this.file, textOf(peppers))
  }

  private stampNow(): string {
    return stampOf(this.file)
  }
}

function firstPeppers(): Peppers {
  return { current: 1, values: new Map([[1, randomBytes(BYTES)]]) }
}

function textOf({ current, values }: Peppers): string {
  const peppers = Object.fromEntries(
    [...values].map(([version, value]) => [version, value.toString('base64')]),
  )
  return `${JSON.stringify({ current, peppers }, null, 2)}\n`
}

/** Strict: what is read as another secret than was meant makes every key wrong. */
function parse(text: string): Peppers | null {
  const read = readJson(text)
  if (!isRecord(read) || !isRecord(read['peppers'])) return null
  const { current } = read
  const values = new Map<number, Buffer>()
  for (const [version, value] of Object.entries(read['peppers'])) {
    const bytes = typeof value === 'string' ? bytesOf(value) : null
    if (!/^[1-9]\d{0,8}$/.test(version) || bytes === null) return null
    values.set(Number(version), bytes)
  }
  return typeof current === 'number' && values.has(current) ? { current, values } : null
}

function bytesOf(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= BYTES ? bytes : null
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
