import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_TIMEOUT,
  STREAM_CLOSED,
} from './codes.ts'

/**
 * Everything that ends a connection, with the code that its GOAWAY has
 * (sections of RFC 9113). Names are for log and metrics: a fixed, small set.
 */
const table = {
  // §3.4
  preface: PROTOCOL_ERROR,
  'first-frame': PROTOCOL_ERROR,
  // §4.1, §6: size, stream and padding of frames.
  'frame-size': FRAME_SIZE_ERROR,
  'frame-stream': PROTOCOL_ERROR,
  'frame-padding': PROTOCOL_ERROR,
  // §4.3, §6.10
  compression: COMPRESSION_ERROR,
  'continuation-missing': PROTOCOL_ERROR,
  'continuation-unexpected': PROTOCOL_ERROR,
  // §5.1
  'stream-idle': PROTOCOL_ERROR,
  'stream-order': PROTOCOL_ERROR,
  'stream-closed': STREAM_CLOSED,
  'stream-unknown': PROTOCOL_ERROR,
  // §5.3.1 of RFC 7540, on a stream that cannot be reset.
  'priority-self': PROTOCOL_ERROR,
  // §6.5, §6.6, §6.8, §6.9
  'settings-value': PROTOCOL_ERROR,
  'settings-window': FLOW_CONTROL_ERROR,
  'settings-timeout': SETTINGS_TIMEOUT,
  push: PROTOCOL_ERROR,
  'goaway-stream': PROTOCOL_ERROR,
  'goaway-order': PROTOCOL_ERROR,
  'window-increment': PROTOCOL_ERROR,
  'window-overflow': FLOW_CONTROL_ERROR,
  'window-exceeded': FLOW_CONTROL_ERROR,
  // §10.5: floods, and peers that stop in the middle.
  'flood-resets': ENHANCE_YOUR_CALM,
  'flood-errors': ENHANCE_YOUR_CALM,
  'flood-settings': ENHANCE_YOUR_CALM,
  'flood-pings': ENHANCE_YOUR_CALM,
  'flood-priority': ENHANCE_YOUR_CALM,
  'flood-window-updates': ENHANCE_YOUR_CALM,
  'flood-empty-data': ENHANCE_YOUR_CALM,
  'flood-extensions': ENHANCE_YOUR_CALM,
  'flood-continuations': ENHANCE_YOUR_CALM,
  'flood-answers': ENHANCE_YOUR_CALM,
  'head-block-size': ENHANCE_YOUR_CALM,
  'head-timeout': ENHANCE_YOUR_CALM,
  'write-timeout': ENHANCE_YOUR_CALM,
} as const satisfies Record<string, number>

export type FaultName = keyof typeof table
export const faults: Readonly<Record<FaultName, number>> = table
