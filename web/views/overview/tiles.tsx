import type { Figures } from '../../../src/admin/shapes/figures.ts'
import { bytes, count, duration, percent, rate, UNKNOWN } from '../../format.ts'
import { Spark } from '../../parts/spark.tsx'
import { commonTexts } from '../../texts/common.ts'
import { figuresTexts as t } from '../../texts/figures.ts'

/** The figures of this second, and their course over the last minute and a half. */
export function Tiles({ recent }: { readonly recent: readonly Figures[] }) {
  const now = recent.at(-1)?.totals
  const course = (of: (totals: Figures['totals']) => number | null | undefined) =>
    recent.map(({ totals }) => of(totals) ?? null)
  const errorShare =
    now === undefined || now.requestsPerS === 0 ? null : percent(now.errorsPerS / now.requestsPerS)
  return (
    <dl className="tiles">
      <Tile name={t.requestsPerS} value={rate(now?.requestsPerS)} course={course(s => s.requestsPerS)}>
        {now === undefined ? null : t.active(now.active)}
      </Tile>
      <Tile
        name={`${t.errors} ${commonTexts.perSecond}`}
        value={rate(now?.errorsPerS)}
        course={course(s => s.errorsPerS)}
        tone={(now?.errorsPerS ?? 0) > 0 ? 'bad' : 'quiet'}
      >
        {errorShare === null ? '' : `${errorShare}, `}4xx {rate(now?.clientErrorsPerS)}
      </Tile>
      <Tile name={t.p50} value={duration(now?.p50Ms)} course={course(s => s.p50Ms)}>
        p90 {duration(now?.p90Ms)}
      </Tile>
      <Tile name={t.p99} value={duration(now?.p99Ms)} course={course(s => s.p99Ms)} tone="warn" />
      <Tile
        name={`${t.traffic} ${commonTexts.perSecond}`}
        value={bytes(now?.bytesOutPerS)}
        course={course(s => s.bytesOutPerS)}
      >
        {t.in} {bytes(now?.bytesInPerS)}
      </Tile>
      <Tile
        name={t.connections}
        value={now?.connections === undefined ? UNKNOWN : count(now.connections)}
        course={course(s => s.connections)}
      />
    </dl>
  )
}

interface TileProps {
  readonly name: string
  readonly value: string
  readonly course: readonly (number | null)[]
  readonly tone?: string
  readonly children?: React.ReactNode
}

function Tile({ name, value, course, tone = 'accent', children }: TileProps) {
  return (
    <div className={`tile ${tone}`}>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        <small>{children}</small>
        <Spark values={course} tone={tone} />
      </dd>
    </div>
  )
}
