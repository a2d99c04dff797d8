/** etcd takes 1.5 MB; what a server makes of that for a client is longer. */
const LINE_BYTES = 16 * 1024 * 1024

const LF = 0x0a

/** Takes bytes apart at line feeds. */
export class Lines {
  private readonly line: (line: string) => void
  private readonly mostBytes: number
  private parts: Buffer[] = []
  private bytes = 0

  constructor(line: (line: string) => void, mostBytes = LINE_BYTES) {
    this.line = line
    this.mostBytes = mostBytes
  }

  /** Throws where a line is too long, and what `line` throws. */
  take(chunk: Buffer): void {
    let start = 0
    for (let end; (end = chunk.indexOf(LF, start)) >= 0; start = end + 1) {
      this.keep(chunk.subarray(start, end))
      const line = Buffer.concat(this.parts).toString()
      this.parts = []
      this.bytes = 0
      if (line !== '') this.line(line)
    }
    this.keep(chunk.subarray(start))
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return
    this.parts.push(part)
    this.bytes += part.length
    if (this.bytes > this.mostBytes) throw new Error(`a line has more than ${this.mostBytes} bytes`)
  }
}
