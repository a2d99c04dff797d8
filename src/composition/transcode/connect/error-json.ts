import type { JsonValue } from '@bufbuild/protobuf'
import { codeName } from '../../grpc/codes.ts'
import { typeNameOf } from '../../grpc/details.ts'
import type { Status, StatusWriter } from '../call/status.ts'

/** As Connect has it, which spells one of them in the American way. */
function connectCode(code: number): string {
  const name = codeName(code)
  return name === 'cancelled' ? 'canceled' : name
}

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
