/** What is advertised where every method but TRACE is taken: no list could have all of them. */
const USUAL = 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS'

/** Which methods a port takes. */
export interface TakenMethods {
  takes(method: string): boolean
  /** The value of Allow, for who asked by another one (RFC 9110 §15.5.6). */
  readonly allow: string
}

/** Compiles ClientSettings.methods. CONNECT has been refused by the codec before. */
export function compileMethods(list: string): TakenMethods {
  // TRACE says back what it was sent, and so the fields that we have added, to who may not be meant to see them.
  if (list === '') return { takes: method => method !== 'TRACE', allow: USUAL }
  const all = list.split(',')
  const taken = new Set(all)
  return { takes: method => taken.has(method), allow: all.join(', ') }
}
