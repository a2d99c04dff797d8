import { useCallback, useEffect, useRef, useState } from 'react'
import { olderRequests } from '../../api/queries.ts'
import { query } from '../../api/request.ts'
import type { RequestLine } from '../../../src/admin/shapes/requests.ts'
import { follow } from '../../api/stream.ts'
import { keyOf } from './request-text.ts'

/** More than these are not kept on the page; older ones are asked for again. */
const MOST = 2_000
/** What comes is shown a few times a second, not for each request. */
const SHOWN_EVERY_MS = 250

export type Filters = Readonly<Record<string, string | undefined>>

interface Tail {
  /** The newest first. */
  readonly lines: readonly RequestLine[]
  /** So many have come while the list was held. */
  readonly waiting: number
  /** The gateway did not send these: the page read too slowly. */
  readonly lost: number
  readonly error: Error | null
  /** Whether those that are kept have been asked for. */
  readonly ready: boolean
  readonly older: (() => void) | undefined
  /** Shows those that wait. */
  readonly release: () => void
}

/**
 * The requests that pass the filters: those that are kept, and while it is not paused those that come. While `held` says
 * so, what comes waits. Other filters need another one (`key`).
 */
export function useTail(filters: Filters, paused: boolean, held: () => boolean): Tail {
  const [lines, setLines] = useState<readonly RequestLine[]>([])
  const [waiting, setWaiting] = useState(0)
  const [lost, setLost] = useState(0)
  const fresh = useRef<readonly RequestLine[]>([])
  const add = useCallback((come: readonly RequestLine[]) => setLines(before => merged(come, before)), [])
  const kept = useKept(filters, add)
  const release = useCallback(() => {
    add(fresh.current)
    fresh.current = []
    setWaiting(0)
  }, [add])

  const path = `/v1/requests/stream${query(filters)}`
  const { newest } = kept
  useEffect(() => {
    if (paused) return
    const come = (news: readonly RequestLine[]) => {
      fresh.current = [...news, ...fresh.current].slice(0, MOST)
    }
    const stop = follow(
      path,
      ({ event, data }) => {
        if (event === 'request') come([JSON.parse(data) as RequestLine])
        if (event === 'lost') setLost(before => before + (JSON.parse(data) as { count: number }).count)
      },
      // What came while it was paused, hidden or cut off.
      () => void newest().then(come, () => {}),
    )
    const timer = setInterval(() => {
      if (fresh.current.length === 0) return
      if (held()) setWaiting(fresh.current.length)
      else release()
    }, SHOWN_EVERY_MS)
    return () => {
      stop()
      clearInterval(timer)
    }
  }, [path, paused, held, release, newest])
  return { lines, waiting, lost, release, ...kept, older: lines.length < MOST ? kept.older : undefined }
}

/** Those that the gateway has kept, page by page. */
function useKept(filters: Filters, add: (lines: readonly RequestLine[]) => void) {
  const [cursor, setCursor] = useState<string | null>(null)
  const [ready, setReady] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const first = useRef(filters)
  const ask = useCallback(
    async (from: string | null) => {
      try {
        const page = await olderRequests(first.current, from)
        add(page.items)
        setCursor(page.next)
        setReady(true)
      } catch (failure) {
        setError(failure as Error)
      }
    },
    [add],
  )
  useEffect(() => {
    void ask(null)
  }, [ask])
  const older = () => {
    setCursor(null)
    void ask(cursor)
  }
  const newest = useCallback(async () => (await olderRequests(first.current, null)).items, [])
  return { ready, error, newest, older: cursor === null ? undefined : older }
}

/** One that is there already is not taken twice. */
function merged(come: readonly RequestLine[], before: readonly RequestLine[]): readonly RequestLine[] {
  const known = new Set(before.map(keyOf))
  const news = come.filter(line => !known.has(keyOf(line)))
  if (news.length === 0) return before
  return [...news, ...before].toSorted((a, b) => Number(a.at < b.at) - Number(a.at > b.at)).slice(0, MOST)
}
