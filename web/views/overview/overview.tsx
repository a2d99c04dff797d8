import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLive } from '../../api/figures.ts'
import { statusQuery } from '../../api/queries.ts'
import { Page } from '../../parts/page.tsx'
import { Toggle } from '../../parts/toggle.tsx'
import { figuresTexts } from '../../texts/figures.ts'
import { overviewTexts } from '../../texts/overview.ts'
import { Courses } from './courses.tsx'
import { Force } from './force.tsx'
import { Ill } from './ill.tsx'
import { RouteRanks } from './route-ranks.tsx'
import { Tiles } from './tiles.tsx'
import { Pending } from './pending.tsx'
import { Wrong } from './wrong.tsx'

export function Overview() {
  const { data: status } = useQuery(statusQuery)
  const { recent } = useLive()
  const [range, setRange] = useState<'hour' | 'day'>('hour')
  return (
    <Page
      title={overviewTexts.title}
      actions={
        <Toggle
          label={figuresTexts.range}
          value={range}
          onChange={setRange}
          options={[
            { value: 'hour', text: figuresTexts.lastHour },
            { value: 'day', text: figuresTexts.lastDay },
          ]}
        />
      }
    >
      <Wrong status={status} />
      <Pending />
      <Tiles recent={recent} />
      <Courses range={range} />
      <div className="columns">
        <RouteRanks />
        <div className="stack">
          <Ill />
          <Force status={status} />
        </div>
      </div>
    </Page>
  )
}
