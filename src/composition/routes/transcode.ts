import type { Backends } from '../backends/backend.ts'
import type { Transcoder, TranscodeSettings } from '../transcode/transcoder.ts'
import type { BaseRoute, CommonOptions, In } from './common.ts'

/** What is said of `r.transcode` beside what it reads requests by. */
export interface TranscodeOptions<B extends Backends>
  extends Omit<CommonOptions<B, In>, 'in' | 'failures' | 'operationId'>, TranscodeSettings {}

/** The methods of a backend of gRPC, by REST, Connect and gRPC-Web: `r.transcode`. */
export interface TranscodedRoute extends BaseRoute {
  readonly kind: 'transcoded'
  readonly backend: string
  readonly transcoder: Transcoder
  readonly options: CommonOptions<Backends, In>
}

export type AddTranscode<B extends Backends> = (
  backend: keyof B & string,
  options?: TranscodeOptions<B>,
) => TranscodedRoute
