import { createConnection } from 'node:net'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'

import { DATA, END_STREAM, FRAME_HEADER, HEADERS, PREFACE, SETTINGS } from '../../src/http/h2/codes.ts'
import type { LoadSettings } from './settings.ts'

/**
 * A connection to the proxy. TLS with X25519, which nginx's and HAProxy's OpenSSL 3.0 takes as well: of Node's newer
 * one both ends would choose a dearer exchange of keys.
 */
export function open({ port, tls, protocol }: LoadSettings, session?: Buffer): Socket {
  const at = { port, host: '127.0.0.1', noDelay: true }
  if (!tls) return createConnection(at)
  return connect({
    ...at,
    ALPNProtocols: [protocol],
    rejectUnauthorized: false,
    ecdhCurve: 'X25519',
    ...(session === undefined ? {} : { session }),
  })
}

/** The bytes of one GET, which is all that a connection says. */
export function requestBytes({ protocol, path }: LoadSettings): Buffer {
  if (protocol === 'http/1.1')
    return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\n\r\n`)
  return Buffer.concat([PREFACE, frame(SETTINGS, 0, 0), frame(HEADERS, 0x4 | END_STREAM, 1, headBlock(path))])
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream]), payload])
}

/** RFC 7541: :method GET and :scheme https by index, the rest as literals that nobody keeps. */
function headBlock(path: string): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
  const literal = (nameIndex: readonly number[], value: string) =>
    Buffer.concat([Buffer.from(nameIndex), text(value)])
  return Buffer.concat([
    Buffer.from([0x82, 0x87]),
    literal([0x04], path),
    literal([0x01], 'bench.example'),
    literal([0x0f, 58 - 15], 'bench'),
  ])
}

/** Reads one answer; tells once it is complete whether its status was 200. */
export function answerReader(protocol: LoadSettings['protocol'], done: (ok: boolean) => void) {
  return protocol === 'h2' ? http2Reader(done) : http1Reader(done)
}

function http1Reader(done: (ok: boolean) => void): (chunk: Buffer) => void {
  let text = ''
  return chunk => {
    text += chunk.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/^content-length: (\d+)/im.exec(text)?.[1])
    if (text.length >= end + 4 + length) done(text.startsWith('HTTP/1.1 200'))
  }
}

/** :status 200 is the first field of the block, by its index in the static table. */
const STATUS_200 = 0x88

function http2Reader(done: (ok: boolean) => void): (chunk: Buffer) => void {
  let held = Buffer.alloc(0)
  let ok = false
  return chunk => {
    held = Buffer.concat([held, chunk])
    while (held.length >= FRAME_HEADER) {
      const end = FRAME_HEADER + held.readUIntBE(0, 3)
      if (held.length < end) return
      const [type, flags] = [held[3]!, held[4]!]
      // An update of the table's size may stand before it.
      if (type === HEADERS) ok = held.subarray(FRAME_HEADER, FRAME_HEADER + 4).includes(STATUS_200)
      held = held.subarray(end)
      if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) done(ok)
    }
  }
}
