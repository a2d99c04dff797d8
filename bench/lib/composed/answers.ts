import { isDeepStrictEqual } from 'node:util'
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import { NOTES, noteText } from '../../composed/note.ts'
import { shownPage } from '../../composed/part.ts'
import type { PageName } from '../../composed/part.ts'
import { ask } from '../ask.ts'
import type { Case } from '../cases.ts'
import type { Judge } from '../equal.ts'
import type { Running } from '../process.ts'

/** Stands the case's own backend up while the gateways start, to see that all of them answer the same. */
export class Answers implements Judge {
  private readonly start: (port: number) => Promise<Running>
  private backend: Running | null = null

  constructor(start: (port: number) => Promise<Running>) {
    this.start = start
  }

  async open(port: number): Promise<void> {
    this.backend = await this.start(port)
  }

  async missing(port: number, given: Case): Promise<readonly string[]> {
    if (given.composed === 'feed') return (await seesEvent(port, given.path)) ? [] : ['no event has come']
    const body = given.load === 'grpc' ? 'a body' : ''
    const headers = body === '' ? {} : { 'content-type': 'application/grpc', te: 'trailers' }
    const answer = await whenLoaded(() => ask(given, port, { path: given.path, body, headers }))
    if (answer?.status !== 200) return [`answered ${answer?.status ?? 'nothing'}`]
    if (given.composed === null) return []
    const expected = expectedOf(given)
    return isDeepStrictEqual(parsed(answer.body), expected)
      ? []
      : [`${answer.body} in place of ${JSON.stringify(expected)}`]
  }

  async close(): Promise<void> {
    await this.backend?.stop()
    this.backend = null
  }
}

/** We listen before a bundle is loaded, and answer 503 meanwhile. */
async function whenLoaded(once: () => ReturnType<typeof ask>): ReturnType<typeof ask> {
  for (let tries = 0; ; tries++) {
    const answer = await once()
    if (answer?.status !== 503 || tries === 100) return answer
    await delay(100)
  }
}

function expectedOf({ composed, path }: Case): unknown {
  if (composed === 'pages') return shownPage(path.split('/')[1] as PageName)
  const note = { text: noteText }
  return path.startsWith('/v1/lists/') ? Array.from({ length: NOTES }, () => note) : note
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

const EVENT = /^data: ?\{"count":\d+,"atMs":[\d.]+,"text":"x+"\}$/m
const EVENT_MS = 5000

/** Whether an event of the feed comes, with what the backend puts into it. */
async function seesEvent(port: number, path: string): Promise<boolean> {
  const answer = await whenLoaded(() => askBriefly(port, path))
  return answer !== null && EVENT.test(answer.body)
}

/** What has come of a stream when there is an event, or after a while. */
function askBriefly(port: number, path: string): ReturnType<typeof ask> {
  return new Promise(resolve => {
    const headers = { accept: 'text/event-stream' }
    const call = request({ host: '127.0.0.1', port, path, headers, agent: false }, response => {
      let body = ''
      const end = () => {
        clearTimeout(late)
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers, secured: '' })
        call.destroy()
      }
      const late = setTimeout(end, EVENT_MS)
      response.setEncoding('latin1')
      response.on('data', (chunk: string) => {
        body += chunk
        if (EVENT.test(body)) end()
      })
      response.on('end', end)
      response.on('error', end)
    })
    call.on('error', () => resolve(null))
    call.end()
  })
}
