import type { Figures } from '../../admin/shapes/figures.ts'
import { painter, showsColour } from '../../telemetry/colour.ts'
import { adminClient } from '../command/admin-client.ts'
import type { Given } from '../command/flag.ts'
import { output } from '../command/flags.ts'
import { topText } from './text.ts'

/** Where standard output is no terminal: as wide as a line of the tables needs. */
const ROOM = { columns: 120, rows: 60 } as const

/** `portcullis top`; the exit code. */
export async function top(given: Given): Promise<number> {
  const client = adminClient(given)
  const json = given.get(output) === 'json'
  if (!process.stdout.isTTY) {
    const figures = await client.get<Figures>('/v1/figures')
    process.stdout.write(json ? `${JSON.stringify(figures)}\n` : `${topText(figures, ROOM, paint())}\n`)
    return 0
  }
  const leave = new AbortController()
  const screen = json ? null : new Screen(() => leave.abort())
  try {
    for await (const { data } of client.events('/v1/figures/stream', {}, leave.signal)) {
      const figures = data as Figures
      if (screen === null) process.stdout.write(`${JSON.stringify(figures)}\n`)
      else screen.show(figures)
    }
  } catch (error) {
    if (!leave.signal.aborted) throw error
  } finally {
    screen?.close()
  }
  return 0
}

/** The terminal's other screen, so that what was there before is there again afterwards. */
class Screen {
  private latest: Figures | null = null
  private readonly onLeave: () => void

  constructor(onLeave: () => void) {
    this.onLeave = onLeave
    process.stdout.write(`${ENTER}waiting for figures …`)
    process.stdout.on('resize', this.draw)
    process.once('SIGINT', onLeave)
    process.once('SIGTERM', onLeave)
    if (!process.stdin.isTTY) return
    process.stdin.setRawMode(true)
    process.stdin.on('data', this.key).resume()
  }

  show(figures: Figures): void {
    this.latest = figures
    this.draw()
  }

  close(): void {
    process.stdout.off('resize', this.draw)
    process.stdout.write(LEAVE)
    process.off('SIGINT', this.onLeave)
    process.off('SIGTERM', this.onLeave)
    if (!process.stdin.isTTY) return
    process.stdin.setRawMode(false)
    process.stdin.off('data', this.key).pause()
  }

  private readonly draw = (): void => {
    if (this.latest === null) return
    const { columns, rows } = process.stdout
    const lines = topText(this.latest, { columns, rows: rows - 1 }, paint()).split('\n')
    process.stdout.write(`${HOME}${lines.map(line => line + REST_OF_LINE).join('\n')}${REST_OF_SCREEN}`)
  }

  /** In raw mode Ctrl-C is a byte and no signal. */
  private readonly key = (bytes: Buffer): void => {
    if (bytes.includes('q') || bytes.includes('\x03')) this.onLeave()
  }
}

// ECMA-48 and xterm: the other screen, without a cursor; nothing is cleared first, so that nothing flickers.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[H'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const REST_OF_LINE = '\x1b[K'
const REST_OF_SCREEN = '\x1b[J'

function paint() {
  return painter(showsColour(1))
}
