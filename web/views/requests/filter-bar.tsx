import { useNavigate } from '@tanstack/react-router'
import { useState, type SubmitEvent } from 'react'
import { useLive } from '../../api/figures.ts'
import { FilterField } from '../../parts/filter-field.tsx'
import { Select } from '../../parts/select.tsx'
import { requestsTexts } from '../../texts/requests.ts'

const t = requestsTexts.filters

export interface RequestFilters {
  readonly status?: string
  readonly route?: string
  readonly host?: string
  readonly path?: string
  readonly client?: string
  readonly minDurationMs?: string
  readonly keep?: string
}

interface Props {
  readonly filters: RequestFilters
  readonly onChange: (filters: RequestFilters) => void
}

/** What is chosen stands in the address, so that it can be sent to somebody. */
export function FilterBar({ filters, onChange }: Props) {
  const set = (name: keyof RequestFilters) => (value: string) => {
    const { [name]: _, ...others } = filters
    onChange(value === '' ? others : { ...others, [name]: value })
  }
  const [all, setAll] = useState(false)
  const { routes } = useLive()
  return (
    <search className={all ? 'filter-bar all' : 'filter-bar'} aria-label={t.label}>
      <Select label={t.status} value={filters.status ?? ''} options={t.statuses} onChange={set('status')} />
      <Select
        label={t.min}
        value={filters.minDurationMs ?? ''}
        options={t.slow}
        onChange={set('minDurationMs')}
      />
      <Select label={t.keep} value={filters.keep ?? ''} options={t.kept} onChange={set('keep')} />
      <FilterField first label={t.path} value={filters.path ?? ''} onChange={set('path')} />
      <button type="button" className="more-filters" aria-expanded={all} onClick={() => setAll(!all)}>
        {t.more}
      </button>
      <FilterField label={t.host} value={filters.host ?? ''} onChange={set('host')} />
      <FilterField
        label={t.route}
        value={filters.route ?? ''}
        onChange={set('route')}
        options={[...routes.keys()]}
      />
      <FilterField label={t.client} value={filters.client ?? ''} onChange={set('client')} />
      {Object.keys(filters).length === 0 ? null : (
        <button type="button" onClick={() => onChange({})}>
          {t.clear}
        </button>
      )}
      <ById />
    </search>
  )
}

/** An error's body has an id; it leads to the story. */
function ById() {
  const navigate = useNavigate()
  const [id, setId] = useState('')
  const open = (event: SubmitEvent) => {
    event.preventDefault()
    if (id.trim() !== '') void navigate({ to: '/requests/$id', params: { id: id.trim() } })
  }
  return (
    <form onSubmit={open} className="by-id">
      <label className="field">
        <span className="hidden">{t.byId}</span>
        <input
          placeholder={t.byId}
          title={t.idHint}
          value={id}
          spellCheck={false}
          autoComplete="off"
          onChange={event => setId(event.target.value)}
        />
      </label>
      <button type="submit">{t.open}</button>
    </form>
  )
}
