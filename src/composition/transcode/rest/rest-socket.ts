import { toBinary } from '@bufbuild/protobuf'
import { CANCELLED, INVALID_ARGUMENT } from '../../../http/grpc/status.ts'
import type { Closed, FrameSocket } from '../../streams/frame-socket.ts'
import { isOk, type MethodAnswer } from '../call/method-answer.ts'
import { okStatus, statusOf, StatusError, type Status } from '../call/status.ts'
import { MessageInput } from '../json/message-input.ts'
import { RestCall } from './rest-call.ts'

/** Codes of RFC 6455 §7.4.2 for private use; behind it is the code of google.rpc.Code. */
const FIRST_CODE = 4000

/** A client closes with 1000, or with no code, when it has said all; any other end is one that it did not mean. */
export const hasSaidAll = ({ code }: Closed): boolean => code === 1000 || code === 1005

/**
 * A stream of a rule as a WebSocket: each message is JSON of one message, as a line of NDJSON is. A message without text
 * ends the client's, since WebSockets have no other half of an end: answers still come behind it.
 */
export class RestSocket extends RestCall {
  /** Calls the method with what the client says, and tells it what comes back. Settles with how the call ended. */
  async exchange(
    socket: FrameSocket,
    call: (messages: Uint8Array | AsyncIterable<Uint8Array>) => Promise<MethodAnswer>,
  ): Promise<Status> {
    const said = this.said(socket)
    const isOne = this.method.methodKind === 'server_streaming'
    const messages = isOne ? await this.only(said) : said
    if (isOne) void saysNoMore(socket)
    const given = await call(messages)
    const { answers } = this.of
    for await (const message of given.messages()) {
      // Of a client that has closed the rest is not written: the call goes on as long as it may.
      await socket.send(
        answers.isRaw ? answers.raw(message).bytes : answers.text(new MessageInput(message)),
        null,
      )
    }
    return given.status ?? okStatus
  }

  /** What a call ended with: an error is the last message, and its code that of the close. */
  async end(socket: FrameSocket, status: Status): Promise<void> {
    if (isOk(status)) return socket.close(1000)
    await socket.send(`{"error":${this.errorJson(status)}}`, null)
    socket.close(FIRST_CODE + status.code, status.message)
  }

  /** Path and query, and the one message of the client where the rule has a body. */
  private async only(said: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
    const { rule, requests } = this.of
    if (rule.body === null)
      return toBinary(this.method.input, requests.message(this.segments, this.incoming.search, null))
    for await (const message of said) return message
    throw new StatusError(statusOf(INVALID_ARGUMENT, 'the client has sent no message'))
  }

  /** What path and query say is in the first message. A GET has no body: then a message is one of the method. */
  private async *said(socket: FrameSocket): AsyncGenerator<Uint8Array> {
    const { requests, rule } = this.of
    let first = true
    for (;;) {
      const message = await socket.receive()
      if (message === '') return
      if (message === null) {
        if (hasSaidAll(await socket.closed)) return
        throw new StatusError(statusOf(CANCELLED, 'the client has gone'))
      }
      const content = this.contentOf(message)
      const [path, search] = first ? [this.segments, this.incoming.search] : [null, '']
      yield toBinary(this.method.input, requests.message(path, search, content, rule.body ?? '*'))
      first = false
    }
  }

  private contentOf(message: string | Uint8Array) {
    if (typeof message === 'string')
      return {
        type: this.of.requests.takesAnything ? 'text/plain' : 'application/json',
        bytes: Buffer.from(message),
      }
    if (this.of.requests.takesAnything) return { type: 'application/octet-stream', bytes: message }
    throw new StatusError(statusOf(INVALID_ARGUMENT, 'a message is JSON, and so it is text'))
  }
}

/** What nobody is to read must not wait, and hold what others need. */
async function saysNoMore(socket: FrameSocket): Promise<void> {
  for (;;) {
    const message = await socket.receive()
    if (message === null) return
    if (message.length > 0) return socket.close(1008, 'the method takes no more messages')
  }
}
