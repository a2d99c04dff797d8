import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useRef, useState } from 'react'
import { query } from '../../api/request.ts'
import { useStore } from '../../api/store.ts'
import { token } from '../../api/token.ts'
import { Icon } from '../../parts/icon.tsx'
import { Empty, Waiting } from '../../parts/answers.tsx'
import { Page } from '../../parts/page.tsx'
import { Mark } from '../../parts/mark.tsx'
import { failedTexts } from '../../texts/common.ts'
import { requestsTexts as t } from '../../texts/requests.ts'
import { FilterBar } from './filter-bar.tsx'
import { RequestTable } from './request-table.tsx'
import { useTail, type Filters } from './tail.ts'

const here = getRouteApi('/requests')

export function Requests() {
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const [paused, setPaused] = useState(false)
  const sent = useStore(token)
  return (
    <Page
      title={t.title}
      about={t.about}
      filled
      actions={
        <>
          <Mark tone={paused ? 'warn' : 'good'}>{paused ? t.paused : t.following}</Mark>
          <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
            <Icon name={paused ? 'play' : 'pause'} /> {paused ? t.resume : t.pause}
          </button>
        </>
      }
    >
      <FilterBar filters={search} onChange={next => void navigate({ search: next, replace: true })} />
      <TailList key={`${query(search)} ${sent ?? ''}`} filters={search} paused={paused} />
    </Page>
  )
}

function TailList({ filters, paused }: { readonly filters: Filters; readonly paused: boolean }) {
  const scroller = useRef<HTMLElement>(null)
  // Who has scrolled reads: what comes must not push away what is read.
  const held = useCallback(() => (scroller.current?.scrollTop ?? 0) > 0, [])
  const { lines, waiting, lost, ready, error, older, release } = useTail(filters, paused, held)
  const show = () => {
    scroller.current?.scrollTo({ top: 0 })
    release()
  }
  const filtered = Object.keys(filters).length > 0
  return (
    <>
      <div className="tail-notes" aria-live="polite">
        {waiting === 0 ? null : (
          <button type="button" className="fresh" onClick={show}>
            {t.fresh(waiting)}
          </button>
        )}
        {lost === 0 ? null : <span>{t.lost(lost)}</span>}
      </div>
      {lines.length > 0 ? (
        <RequestTable lines={lines} scroller={scroller} onEnd={older} />
      ) : error !== null ? (
        <Empty title={failedTexts.title} role="alert">
          <p>{error.message}</p>
        </Empty>
      ) : ready ? (
        <Empty title={filtered ? t.nothingFiltered : t.nothing}>
          <p>{filtered ? null : t.nothingHint}</p>
        </Empty>
      ) : (
        <Waiting />
      )}
    </>
  )
}
