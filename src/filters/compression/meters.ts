import type { Counter } from '../../telemetry/instrument.ts'
import type { Kit } from '../kit.ts'
import type { Encoding } from './negotiate.ts'

type Counts = Pick<Counter, 'add'>

/** What one encoding has done. */
export class Meter {
  readonly responses: Counts
  readonly inputBytes: Counts
  readonly outputBytes: Counts

  constructor(metrics: Kit['metrics'], encoding: Encoding) {
    this.responses = metrics.counter('portcullis_compression_responses_total', { encoding })
    this.inputBytes = metrics.counter('portcullis_compression_input_bytes_total', { encoding })
    this.outputBytes = metrics.counter('portcullis_compression_output_bytes_total', { encoding })
  }

  compressed(inputBytes: number, outputBytes: number): void {
    this.responses.add(1)
    this.inputBytes.add(inputBytes)
    this.outputBytes.add(outputBytes)
  }
}

/** Counts for metrics; series are there from the first response on that needs them. */
export class Meters {
  private readonly metrics: Kit['metrics']
  private readonly encodings: { [E in Encoding]?: Meter } = {}
  private refusals: Counts | null = null

  constructor(metrics: Kit['metrics']) {
    this.metrics = metrics
  }

  of(encoding: Encoding): Meter {
    return (this.encodings[encoding] ??= new Meter(this.metrics, encoding))
  }

  refused(): void {
    this.refusals ??= this.metrics.counter('portcullis_compression_refused_total', {})
    this.refusals.add(1)
  }
}
