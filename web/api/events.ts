/** One event of a stream (HTML, "Server-sent events"). */
export interface StreamEvent {
  readonly event: string
  readonly data: string
}

/** Takes text as it comes, and gives the events that are whole. */
export class EventReader {
  private rest = ''

  read(text: string): readonly StreamEvent[] {
    const blocks = (this.rest + text).split(/\r?\n\r?\n/)
    this.rest = blocks.pop() ?? ''
    return blocks.map(parse).filter(event => event !== null)
  }
}

function parse(block: string): StreamEvent | null {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
  }
  return data.length === 0 ? null : { event, data: data.join('\n') }
}
