/**
 * What is under way and soon over, by short names, in the order in which it came: ById says why not a Map. V8 keeps each
 * name once, among what is old, also one that is only asked for: a long one, of a stranger's choice, is for a Map yet.
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
