/**
 * What is under way and soon over, by names, in the order in which it came. Where an object by itself takes more than
 * a few hundred bytes this is the place, and not a Map: ById says why.
 */
export class ByName<T> {
  size = 0
  /** A dictionary of V8, whose old tables know nothing of the new. */
  private readonly all: Record<string, T> = Object.create(null) as Record<string, T>

  get(name: string): T | undefined {
    return this.all[name]
  }

  set(name: string, one: T): void {
    if (this.all[name] === undefined) this.size++
    this.all[name] = one
  }

  delete(name: string): void {
    if (this.all[name] === undefined) return
    this.size--
    delete this.all[name]
  }

  /** Those that are there now. */
  values(): readonly T[] {
    return Object.values(this.all)
  }
}
