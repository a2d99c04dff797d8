import type { JsonValue } from '@bufbuild/protobuf'
import { connectCode } from '../call/codes.ts'
import { typeNameOf, type Status, type StatusWriter } from '../call/status.ts'

/** An error as Connect has it: https://connectrpc.com/docs/protocol#error-end-stream */
export function errorJson(
  { code, message, details }: Status,
  writer: StatusWriter,
): Record<string, JsonValue> {
  return {
    code: connectCode(code),
    ...(message !== '' && { message }),
    ...(details.length > 0 && {
      details: details.map(one => {
        const debug = writer.debug(one)
        return {
          type: typeNameOf(one),
          value: Buffer.from(one.value).toString('base64').replace(/=+$/, ''),
          ...(debug !== undefined && { debug }),
        }
      }),
    }),
  }
}
