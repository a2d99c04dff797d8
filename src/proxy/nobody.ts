import type { Downstream } from './downstream.ts'

/** The client's side of an exchange that has no client: it takes everything, and keeps nothing. */
export const nobody: Downstream = {
  informational: () => {},
  head: () => {},
  data: () => {},
  end: () => {},
  flush: () => true,
  clear: true,
  abort: () => {},
  refuse: () => false,
  pause: () => {},
  resume: () => {},
  continue: () => {},
  upgrade: () => {},
  endTunnel: () => {},
}
