import type { Logger } from '../telemetry/log.ts'

/** Says what is new to say: a complaint that stands since the last change was said then. */
export class Complaints {
  private readonly log: Pick<Logger, 'info' | 'warn'>
  private standing: ReadonlySet<string> = new Set()

  constructor(log: Pick<Logger, 'info' | 'warn'>) {
    this.log = log
  }

  /** All that is to complain about now, and what is only worth a line; answers with how much there is to complain about. */
  tell(problems: ReadonlySet<string>, notes: ReadonlySet<string> = new Set()): number {
    const lines = new Set([...problems, ...notes])
    for (const line of lines) if (!this.standing.has(line)) this.say(line, problems.has(line))
    for (const line of this.standing)
      if (!lines.has(line)) this.log.info('resources.solved', { message: line })
    this.standing = lines
    return problems.size
  }

  private say(message: string, problem: boolean): void {
    if (problem) this.log.warn('resources.problem', { message })
    else this.log.info('resources.note', { message })
  }
}
