import type { ReactNode } from 'react'

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'accent'

/** A word about a state; its colour only repeats it. */
export function Mark({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return <span className={`mark ${tone}`}>{children}</span>
}

/** One of a few kinds of things: a method, a protocol, a role. */
export function Tag({ children }: { readonly children: ReactNode }) {
  return <span className="tag">{children}</span>
}

/** Without one, the client was gone before. */
export function statusTone(status: number | null): Tone {
  if (status === null) return 'quiet'
  if (status >= 500) return 'bad'
  if (status >= 400) return 'warn'
  if (status >= 200 && status < 300) return 'good'
  return 'quiet'
}
