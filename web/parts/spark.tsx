const WIDTH = 120
const HEIGHT = 28

/** The course of a figure without scales; its number stands beside it. Nothing where a value is unknown. */
export function Spark({
  values,
  tone = 'accent',
}: {
  readonly values: readonly (number | null)[]
  readonly tone?: string
}) {
  const known = values.filter(value => value !== null)
  if (known.length < 2) return <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" />
  const most = Math.max(...known, Number.MIN_VALUE)
  // From 0, but where nothing is near 0 from the half, or a course would be a flat line.
  const base = Math.min(...known) > most / 2 ? most / 2 : 0
  const x = (i: number) => (i / (values.length - 1)) * WIDTH
  const y = (value: number) => HEIGHT - 2 - ((value - base) / (most - base)) * (HEIGHT - 4)
  let line = ''
  let open = false
  for (const [i, value] of values.entries()) {
    if (value !== null) line += `${open ? 'L' : 'M'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`
    open = value !== null
  }
  return (
    <svg
      className={`spark ${tone}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={line} />
    </svg>
  )
}
