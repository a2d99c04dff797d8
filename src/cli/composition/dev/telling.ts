import type { Paint } from '../../../telemetry/colour.ts'
import { lineOf, type Line } from './gateway.ts'
import type { Page } from './page.ts'
import { waterfall, type Answered } from './waterfall.ts'

/** What a developer wants to see of what the gateway says; all else is for who runs it. */
export class Telling {
  private readonly paint: Paint
  private readonly page: Pick<Page, 'show'>
  private readonly write: (text: string) => void
  /** What the last composition was refused for: the conditions of its object say that once more. */
  private refusedFor: string | null = null

  constructor(
    paint: Paint,
    page: Pick<Page, 'show'>,
    write = (text: string): void => void process.stdout.write(text),
  ) {
    this.paint = paint
    this.page = page
    this.write = write
  }

  /** `text` is a line of its log, or what something else has written there. */
  tell(text: string): void {
    const line = lineOf(text)
    const told = line === null ? text : this.told(line)
    if (told !== null) this.write(`${told}\n`)
  }

  private told(line: Line): string | null {
    const { paint } = this
    const { event = '', level } = line
    switch (event) {
      case 'composition.answered':
        this.page.show(line as unknown as Answered)
        return waterfall(line as unknown as Answered, paint)
      case 'started':
        return `${paint('good', 'started')}  on ${(line['ports'] as readonly string[]).join(', ')}`
      case 'composition.printed':
        return `${paint('dim', '     |')} ${String(line['text'])}`
      case 'composition.serving': {
        const routes = line['routes'] === 1 ? '1 route' : `${String(line['routes'])} routes`
        return `${paint('good', 'serving')}  ${String(line['composition'])}, ${routes}`
      }
      case 'composition.refused': {
        this.refusedFor = String(line['fault'])
        const serves = line['serves'] === true ? paint('dim', '  (what it was before serves on)') : ''
        return `${paint('error', 'refused')}  ${this.refusedFor}${serves}`
      }
      case 'resources.problem': {
        const message = String(line['message'])
        const isTold = this.refusedFor !== null && message.includes(this.refusedFor)
        return isTold ? null : `${paint('warning', 'problem')}  ${message}`
      }
      default:
        if (level !== 'error' && level !== 'warn') return null
        return `${paint(level === 'error' ? 'error' : 'warning', event)}  ${restOf(line)}`
    }
  }
}

function restOf({ time: _, level: __, event: ___, ...fields }: Line): string {
  const { error } = fields
  const { message, stack } = (error ?? {}) as { readonly message?: string; readonly stack?: string }
  if (message !== undefined)
    return `${typeof fields['route'] === 'string' ? `${fields['route']}  ` : ''}${stack ?? message}`
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
