// A gRPC server that costs little: every call is answered with its own message, List with many. `node grpc.ts PORT`
import { NOTES } from '../composed/note.ts'
import { CHUNKED, NO_BODY } from '../../src/http/head.ts'
import { Fields } from '../../src/http/fields.ts'
import { http2Limits } from '../../src/http/h2/limits.ts'
import { localHead } from '../../src/http/local.ts'
import { H2Server, indifferent } from '../../test/support/http2/server.ts'
import type { Answer } from '../../test/support/http2/server.ts'

const answer: Answer = (stream, { path, length }) => {
  const times = path.endsWith('/List') ? NOTES : 1
  const pieces: Buffer[] = []
  const end = () => {
    stream.head({
      ...localHead(200, ['content-type', 'application/grpc'], 0),
      length: CHUNKED,
      hasLength: false,
    })
    for (let i = 0; i < times; i++) for (const piece of pieces) stream.data(piece, 0, piece.length)
    stream.end(new Fields(['grpc-status', '0']))
  }
  // What asks whether it listens has no message.
  if (length === NO_BODY) return end()
  stream.handler = {
    ...indifferent,
    // Valid only during the call.
    onRequestData: (chunk, start, stop) => void pieces.push(Buffer.from(chunk.subarray(start, stop))),
    onRequestEnd: end,
  }
}

await H2Server.start(answer, { ...http2Limits, streams: 1000 }, Number(process.argv[2]))
