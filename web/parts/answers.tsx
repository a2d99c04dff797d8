import type { ReactNode } from 'react'
import { ApiError, Unreachable } from '../api/request.ts'
import { commonTexts, failedTexts } from '../texts/common.ts'

interface Query<T> {
  readonly data: T | undefined
  readonly error: Error | null
  readonly refetch: () => unknown
}

interface Props<T> {
  readonly query: Query<T>
  /** What is said where the answer is 404. */
  readonly missing?: ReactNode
  readonly children: (data: T) => ReactNode
}

/** What was answered, or why nothing was; while nothing is here yet, its place. */
export function Answer<T>({ query, missing, children }: Props<T>) {
  const { data, error } = query
  if (data !== undefined) return <>{children(data)}</>
  if (error === null || error instanceof Unreachable) return <Waiting />
  if (error instanceof ApiError && error.status === 401) return <Waiting />
  if (error instanceof ApiError && error.status === 404 && missing !== undefined) return <>{missing}</>
  return (
    <Empty title={failedTexts.title} role="alert">
      <p>{error.message}</p>
      <button type="button" onClick={() => void query.refetch()}>
        {failedTexts.again}
      </button>
    </Empty>
  )
}

export function Waiting() {
  return (
    <div className="waiting" role="status">
      <span className="hidden">{commonTexts.waiting}</span>
      <i />
      <i />
      <i />
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  readonly role?: 'alert' | 'status'
  readonly children?: ReactNode
}

/** Nothing is here, and what to do about it. */
export function Empty({ title, role, children }: EmptyProps) {
  return (
    <div className="empty" role={role}>
      <h2>{title}</h2>
      {children}
    </div>
  )
}
