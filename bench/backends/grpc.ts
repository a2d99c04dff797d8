// A gRPC server that costs little: every call is answered with its own message. `node grpc.ts PORT`
import { CHUNKED } from '../../src/http/head.ts'
import { Fields } from '../../src/http/fields.ts'
import { http2Limits } from '../../src/http/h2/limits.ts'
import { localHead } from '../../src/http/local.ts'
import { H2Server, indifferent } from '../../test/support/http2/server.ts'
import type { Answer } from '../../test/support/http2/server.ts'

const answer: Answer = stream => {
  const pieces: Buffer[] = []
  const end = () => {
    stream.head({
      ...localHead(200, ['content-type', 'application/grpc'], 0),
      length: CHUNKED,
      hasLength: false,
    })
    for (const piece of pieces) stream.data(piece, 0, piece.length)
    stream.end(new Fields(['grpc-status', '0']))
  }
  stream.handler = {
    ...indifferent,
    // Valid only during the call.
    onRequestData: (chunk, start, stop) => void pieces.push(Buffer.from(chunk.subarray(start, stop))),
    onRequestEnd: end,
  }
}

await H2Server.start(answer, { ...http2Limits, streams: 1000 }, Number(process.argv[2]))
