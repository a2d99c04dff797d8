import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'

/** A client that does nothing wrong (node:http2), beside one that does: whoever attacks, it is to be served. */
export class Neighbour implements AsyncDisposable {
  private readonly session: ClientHttp2Session

  constructor(port: number, tls: boolean) {
    this.session = connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, {
      servername: 'a.example',
      rejectUnauthorized: false,
    })
    this.session.on('error', () => {})
  }

  /** One request, answered 200 with a whole body. */
  async served(): Promise<void> {
    const stream: ClientHttp2Stream = this.session.request({
      ':path': '/neighbour',
      ':authority': 'a.example',
    })
    const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }]
    let body = ''
    for await (const chunk of stream) body += String(chunk)
    assert.deepEqual([headers[':status'], body], [200, 'ok'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy()
    if (!this.session.closed) await once(this.session, 'close')
  }
}
