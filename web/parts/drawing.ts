import { LineChart } from 'echarts/charts'
import { AxisPointerComponent, GridComponent } from 'echarts/components'
import { init, use as loadParts, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

// Of ECharts only what is drawn, on a canvas: its tooltip would be HTML with style attributes, which the
// Content-Security-Policy refuses.
loadParts([LineChart, GridComponent, AxisPointerComponent, CanvasRenderer])

export interface Line {
  readonly name: string
  readonly values: readonly (number | null)[]
  /** A colour of tokens.css. */
  readonly colour: '--plot-1' | '--plot-2' | '--plot-3' | '--plot-4'
  readonly filled?: boolean
}

interface Shown {
  readonly at: readonly string[]
  readonly lines: readonly Line[]
  readonly format: (value: number | null) => string
  readonly time: (at: string) => string
}

/** Lines over time in one element, and where the pointer is among them. */
export class Drawing {
  private readonly place: HTMLElement
  private readonly chart: EChartsType
  private readonly sized: ResizeObserver
  private count = 0

  constructor(place: HTMLElement, onPoint: (index: number | null) => void) {
    this.place = place
    this.chart = init(place, null, { renderer: 'canvas' })
    this.sized = new ResizeObserver(() => this.chart.resize())
    this.sized.observe(place)
    const zr = this.chart.getZr()
    zr.on('mousemove', ({ offsetX }) => {
      const [index = 0] = this.chart.convertFromPixel({ gridIndex: 0 }, [offsetX, 0])
      onPoint(Math.max(0, Math.min(this.count - 1, Math.round(index))))
    })
    zr.on('globalout', () => onPoint(null))
  }

  show({ at, lines, format, time }: Shown): void {
    const colour = this.colours()
    this.count = at.length
    const label = { color: colour('--text-3'), fontSize: 11, fontFamily: colour('--font'), hideOverlap: true }
    this.chart.setOption(
      {
        animation: false,
        grid: {
          left: 0,
          right: 0,
          top: 10,
          bottom: 0,
          outerBoundsMode: 'same',
          outerBoundsContain: 'axisLabel',
        },
        xAxis: {
          type: 'category',
          data: at.map(time),
          boundaryGap: false,
          axisLine: { lineStyle: { color: colour('--line-strong') } },
          axisTick: { show: false },
          axisLabel: { ...label, interval: Math.max(1, Math.floor(at.length / 6)) },
          axisPointer: {
            show: true,
            snap: true,
            triggerTooltip: false,
            label: { show: false },
            lineStyle: { color: colour('--text-3'), type: 'solid' },
          },
        },
        yAxis: {
          type: 'value',
          min: 0,
          splitNumber: 3,
          axisLabel: { ...label, formatter: (value: number) => format(value) },
          splitLine: { lineStyle: { color: colour('--plot-grid') } },
        },
        series: lines.map(line => ({
          type: 'line',
          name: line.name,
          data: [...line.values],
          showSymbol: false,
          lineStyle: { width: 1.5, color: colour(line.colour) },
          itemStyle: { color: colour(line.colour) },
          ...(line.filled === true ? { areaStyle: { color: colour(line.colour), opacity: 0.1 } } : {}),
          emphasis: { disabled: true },
        })),
      },
      { notMerge: true },
    )
  }

  /** Shows the pointer's line at this index. */
  point(index: number | null): void {
    if (index === null) {
      this.chart.dispatchAction({ type: 'updateAxisPointer', currTrigger: 'leave' })
      return
    }
    const x = this.chart.convertToPixel({ gridIndex: 0 }, [index, 0])[0] ?? 0
    this.chart.dispatchAction({ type: 'updateAxisPointer', currTrigger: 'mousemove', x, y: 20 })
  }

  remove(): void {
    this.sized.disconnect()
    this.chart.dispose()
  }

  private colours(): (name: string) => string {
    const style = getComputedStyle(this.place)
    return name => style.getPropertyValue(name).trim()
  }
}
