import type { AdminAnswer } from '../api/answer.ts'

/** What the listener answers by itself, without what the API needs. */
const own = ['/healthz', '/readyz', '/metrics']
/** What the API has, and no service may take. */
const api = ['/', '/status', '/v1/openapi.json']

/** Paths of services; one that ends in "/" is all that begin so. */
export class AdminPaths {
  private readonly answers = new Map<string, AdminAnswer>()
  private readonly open = new Set<AdminAnswer>()

  /** `isOpen`: for everybody who reaches the listener. */
  add(path: string, handler: AdminAnswer, isOpen = false): void {
    if (this.answers.has(path) || own.includes(path) || api.includes(path))
      throw new Error(`${path} of the admin listener is taken`)
    this.answers.set(path, handler)
    if (isOpen) this.open.add(handler)
  }

  /** The longest that takes the path. */
  find(path: string): AdminAnswer | undefined {
    const exact = this.answers.get(path)
    if (exact !== undefined) return exact
    const folders = [...this.answers.keys()].filter(one => one.endsWith('/') && path.startsWith(one))
    return this.answers.get(folders.toSorted((a, b) => b.length - a.length)[0] ?? '')
  }

  isOpen(handler: AdminAnswer): boolean {
    return this.open.has(handler)
  }

  /** For who asks for what is not there. */
  get names(): readonly string[] {
    return [...own, ...api, ...this.answers.keys()]
  }
}
